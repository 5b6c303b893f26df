//! Landlock: rules of the kernel with which a process restricts itself.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    path_beneath_rules,
};

/// System paths that Node.js reads: libraries, certificates, name resolution, and system information. `/etc` is not
/// listed as a whole, because it contains the settings of servers.
const SYSTEM_PATHS: [&str; 29] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/proc",
    "/sys",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/dev/random",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/run/systemd/resolve",
];

/// Landlock version whose file rights are used; later versions add only devices and sockets.
const FILES_ABI: ABI = ABI::V3;

/// Allows the process to signal only its own processes. Returns false if the kernel cannot enforce that.
pub(super) fn scope_signals() -> bool {
    let scoped = || -> Result<RestrictionStatus, RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .scope(Scope::Signal)?
            .create()?
            .restrict_self()
    };
    is_in_force(scoped())
}

/// Allows the process to read and execute only files below `places`, and to write only `/dev/null`. Returns false if
/// the kernel cannot enforce that.
pub(super) fn restrict_files(places: &[PathBuf]) -> bool {
    let restricted = || -> Result<RestrictionStatus, RulesetError> {
        let rules = Ruleset::default()
            .handle_access(AccessFs::from_all(FILES_ABI))?
            .create()?
            .add_rules(path_beneath_rules(places, AccessFs::from_read(FILES_ABI)))?;
        let rules = match PathFd::new("/dev/null") {
            Ok(null) if !places.is_empty() => {
                let access = AccessFs::ReadFile | AccessFs::WriteFile;
                rules.add_rule(PathBeneath::new(null, access))?
            }
            _ => rules,
        };
        rules.restrict_self()
    };
    is_in_force(restricted())
}

/// Returns the paths that a Node.js installed at `installed` reads.
pub(super) fn node_paths(installed: &Path) -> Vec<PathBuf> {
    let system = SYSTEM_PATHS.iter().map(PathBuf::from);
    system.chain([installed.to_owned()]).collect()
}

fn is_in_force(restricted: Result<RestrictionStatus, RulesetError>) -> bool {
    restricted.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}
