//! Starting the real program on an image, and comparing what it has with what was acknowledged.

use std::{collections::HashSet, fs};

use rusqlite::Connection;

use super::{
    disk::Image,
    record::{BACKUP, Run, home},
};
use crate::{
    conversation,
    database::open,
    ledger::{Settled, settle_all},
    process::Home,
};

/// A directory with these files.
fn laid_out(image: &Image) -> Home {
    let home = home();
    for (name, bytes) in image {
        fs::write(home.path(name), bytes).expect("a file of the image");
    }
    home
}

/// Starts the program on an image, compares what it has with what was known at `moment`, and has it look
/// for damage. Fails with the first thing that may not be.
pub async fn check(run: &Run, image: &Image, moment: u64) -> Result<Settled, String> {
    let home = laid_out(image);
    let Some(server) = home.start().outcome() else {
        return Err(format!("no start:\n{}", home.log()));
    };
    let listed = server.api().list().await;
    let settled = settle_all(&mut run.known_at(moment), listed)?;
    if moment >= run.conversations.since {
        check_messages(run, &server.url, moment).await?;
    }
    server.stop();
    let finished = home.run(&["check", "--json"]);
    if finished.code != Some(0) {
        return Err(format!("the check finds: {finished:?}"));
    }
    check_backup(run, &home, moment)?;
    Ok(settled)
}

async fn check_messages(run: &Run, url: &str, moment: u64) -> Result<(), String> {
    let api = run.conversations.api.anew(url);
    for conversation in &run.conversations.ids {
        let listed = conversation::list(&api, conversation).await;
        let there: HashSet<i64> = listed.iter().copied().collect();
        if there.len() != listed.len() {
            return Err(format!(
                "a message of {conversation} is there twice: {listed:?}"
            ));
        }
        let sent = run.conversations.messages.iter();
        for sent in sent.filter(|sent| sent.conversation == *conversation) {
            let acknowledged = sent.acknowledged_at.is_some_and(|at| at <= moment);
            let there = there.contains(&sent.number);
            if acknowledged && !there || there && sent.sent_at > moment {
                return Err(format!("{sent:?} at {moment}, and there: {there}"));
            }
        }
    }
    Ok(())
}

/// A backup has its name only as a whole, and has it once it was reported.
fn check_backup(run: &Run, home: &Home, moment: u64) -> Result<(), String> {
    let path = home.path(BACKUP);
    let (begun, done) = run.backup;
    if !path.exists() {
        return match moment >= done {
            true => Err("the backup is lost".to_owned()),
            false => Ok(()),
        };
    }
    let backup = open(&path);
    let damage: String = ask(&backup, "PRAGMA integrity_check")?;
    if damage != "ok" {
        return Err(format!("the backup is damaged: {damage}"));
    }
    // One that is deleted later may be gone when the copy is made.
    for ledger in run.known_at(begun) {
        for id in ledger.rows().keys().filter(|id| run.is_never_deleted(id)) {
            let sql = format!("SELECT count(*) FROM service_integrations WHERE id = '{id}'");
            if ask::<i64>(&backup, &sql)? != 1 {
                return Err(format!("{id} is not in the backup"));
            }
        }
    }
    Ok(())
}

fn ask<T: rusqlite::types::FromSql>(file: &Connection, sql: &str) -> Result<T, String> {
    file.query_row(sql, [], |row| row.get(0))
        .map_err(|error| format!("the backup cannot be read: {error}"))
}
