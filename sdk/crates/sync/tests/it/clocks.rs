//! Clocks that are wrong: this machine's, and those of what an earlier run left.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use connector_graph::{ExpandOptions, expand_file};
use connector_model::{ErrorKind, Page};
use connector_store::{
    WorkDb,
    envelope::{Limits, pack, unpack},
};
use connector_sync::{Event, Observer, SyncOptions};
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    resume::{StopAt, change_record, left_after, run_as, run_until, site},
    user, user_type,
};

fn one_user() -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], |_| Ok(Page::of(vec![user("ada")]))))
}

/// Gives the only sync of a file other times.
async fn set_times(place: &Place, started_at: &str, ended_at: &str) {
    let temp = tempfile::tempdir().unwrap();
    let unpacked = unpack(&place.output(), temp.path(), &Limits::default()).await.unwrap();
    let mut db = WorkDb::open(&unpacked.db()).await.unwrap();
    sqlx::query("update v1_sync_runs set started_at = ?, ended_at = ?")
        .bind(started_at)
        .bind(ended_at)
        .execute(db.connection())
        .await
        .unwrap();
    pack(&db.close_for_packing().await.unwrap(), &place.output()).await.unwrap();
}

/// What an observer is warned of.
#[derive(Default)]
struct Warned(Mutex<Vec<String>>);

impl Observer for Warned {
    fn event(&self, event: &Event) {
        if let Event::Warning { message } = event {
            self.0.lock().unwrap().push(message.clone());
        }
    }
}

#[tokio::test]
async fn a_sync_that_begins_before_the_newest_one_warns() {
    for (ended_at, warns) in [
        ("2999-01-01 00:00:00", true),
        // Read by its moment, whatever its form.
        ("2999-01-01T00:00:00Z", true),
        // Later as a text, which is how other readers compare.
        ("9999-99-99 00:00:00", true),
        ("2020-01-01 00:00:00", false),
    ] {
        let place = Place::new();
        run(&one_user(), &place.output(), 0).await.unwrap();
        set_times(&place, "2019-01-01 00:00:00", ended_at).await;
        let observer = Arc::new(Warned::default());
        let registry = connector_model::Registry::new(one_user()).unwrap();
        let options = SyncOptions::new(place.output());
        let summary = connector_sync::sync(&registry, &options, observer.clone(), CancellationToken::new())
            .await
            .unwrap();
        let warned = observer.0.lock().unwrap().clone();
        let told: Vec<_> = summary.warnings.iter().map(|(message, _)| message.clone()).collect();
        assert_eq!(warned, told, "{ended_at}");
        assert_eq!(told.len(), usize::from(warns), "{ended_at}: {told:?}");
        for message in told {
            let year = &message[message.find("began at ").unwrap() + 9..][..2];
            assert!(message.contains(ended_at) && year == "20", "both times: {message}");
            assert!(message.contains("check the clock"), "what to do: {message}");
        }
    }
}

/// With one sync a file there is no other to be taken for the newest.
#[tokio::test]
async fn a_sync_that_stays_alone_does_not_warn() {
    let place = Place::new();
    run(&one_user(), &place.output(), 0).await.unwrap();
    set_times(&place, "2999-01-01 00:00:00", "2999-01-01 00:00:01").await;
    let mut options = SyncOptions::new(place.output());
    options.keep_syncs = connector_sync::Retention::Newest(1);
    let summary = run_with(&one_user(), &options, CancellationToken::new()).await.unwrap();
    assert_eq!(summary.warnings, []);
}

/// The warning of a run that was stopped is in the summary of the one that ends.
#[tokio::test]
async fn the_warning_outlives_an_interruption() {
    let place = Place::new();
    run(&site(), &place.output(), 1).await.unwrap();
    set_times(&place, "2999-01-01 00:00:00", "2999-01-01 00:00:01").await;
    run_until(&site(), &place.output(), 1, &StopAt::new(u64::MAX, Some("write statistics")))
        .await
        .unwrap_err();
    let summary = run_until(&site(), &place.output(), 1, &StopAt::never()).await.unwrap();
    assert!(summary.resumed);
    let warned = summary.warnings.iter().filter(|(m, _)| m.contains("check the clock")).count();
    assert_eq!(warned, 1, "{:?}", summary.warnings);
}

#[tokio::test]
async fn a_record_from_the_future_is_not_resumed() {
    const DAY: i64 = 24 * 60 * 60;
    let now = jiff::Timestamp::now().as_second();
    for (started, resumes, says) in [
        (now + DAY / 2, true, ""),
        (now + 2 * DAY, false, "in the future"),
        (i64::MAX, false, "in the future"),
        (i64::MIN, false, "more than seven days ago"),
    ] {
        let place = Place::new();
        left_after(5, &place).await;
        change_record(&place, |json| json["started"] = started.into());
        let stop = StopAt::never();
        let summary = run_until(&site(), &place.output(), 1, &stop).await.unwrap();
        assert_eq!(summary.resumed, resumes, "{started}: {:?}", stop.said());
        assert!(stop.said()[0].contains(says), "{started}: {:?}", stop.said());
    }
}

#[tokio::test]
async fn a_time_limit_of_any_length_is_none_that_is_reached() {
    let place = Place::new();
    let mut options = SyncOptions::new(place.output());
    options.time_limit = Some(Duration::MAX);
    options.call_limit = Duration::MAX;
    assert_eq!(run_as(&one_user(), &options, &StopAt::never()).await.unwrap().pages, 1);
}

/// A sync that had an end keeps it; one that nobody can read is not replaced by now.
#[tokio::test]
async fn an_end_beyond_the_calendar_is_an_error() {
    for ended_at in ["10000-01-01 00:00:00", "9999-12-31T23:59:59-12:00", "-000005-01-01T00:00:00Z", "soon"] {
        let place = Place::new();
        run(&one_user(), &place.output(), 0).await.unwrap();
        set_times(&place, "2019-01-01 00:00:00", ended_at).await;
        let before = std::fs::read(place.output()).unwrap();
        let (file, options) = (place.output(), ExpandOptions::default());
        let expanded = expand_file(&file, &file, &options, &|_| {}, CancellationToken::new()).await;
        let error = expanded.expect_err(ended_at);
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{ended_at}: {error}");
        assert!(error.to_string().contains(ended_at), "{error}");
        assert_eq!(std::fs::read(place.output()).unwrap(), before);
        // A sync goes its way, whatever dates the old file has.
        run(&one_user(), &place.output(), 0).await.unwrap();
    }
}
