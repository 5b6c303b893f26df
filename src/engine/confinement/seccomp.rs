//! A seccomp filter: system calls that reach into other processes fail.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

/// Calls whose first argument must be the id of this process.
const OWN_FIRST_ARGUMENT: [i64; 4] = [
    libc::SYS_kill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
];

/// Calls whose argument at this index must be the id of this process, or 0, which means the same.
const OWN_OR_ZERO_ARGUMENT: [(i64, u8); 2] = [(libc::SYS_prlimit64, 0), (libc::SYS_setpriority, 1)];

/// Calls that always fail, because a process does not need them for itself.
const FORBIDDEN_CALLS: [i64; 6] = [
    libc::SYS_tkill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
];

/// Makes system calls that touch other processes fail, in this process and in the program that it becomes. Returns
/// false if the kernel, or this processor, has no such filter.
pub(super) fn block_calls_to_other_processes() -> bool {
    let Ok(architecture) = TargetArch::try_from(std::env::consts::ARCH) else {
        return false;
    };
    let filter = build_filter(architecture, u64::from(std::process::id()));
    filter.is_ok_and(|filter| apply_filter(&filter).is_ok())
}

fn build_filter(architecture: TargetArch, own: u64) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in OWN_FIRST_ARGUMENT {
        rules.insert(call, vec![SeccompRule::new(vec![is_not(0, own)?])?]);
    }
    for (call, at) in OWN_OR_ZERO_ARGUMENT {
        let rule = SeccompRule::new(vec![is_not(at, own)?, is_not(at, 0)?])?;
        rules.insert(call, vec![rule]);
    }
    for call in FORBIDDEN_CALLS {
        rules.insert(call, Vec::new());
    }
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture)?.try_into()
}

fn is_not(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
}
