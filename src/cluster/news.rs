//! Hearing the news: what other processes changed. While nothing is heard, nothing kept in memory is trusted for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::db::post::{self, Post};
use crate::db::{Db, Error};
use crate::domain::News;
use crate::turn::Turns;

/// How often each process tells that news arrives.
const BEAT: Duration = Duration::from_secs(1);
/// After so long without any, the connection is taken for broken.
const SILENCE: Duration = Duration::from_secs(3);
/// How often what is kept in memory is read anew while no news comes.
const DEAF: Duration = Duration::from_secs(1);
/// How often it is read anew although news comes: a row that was being read when it changed may have been kept as it was.
const AFRESH: Duration = Duration::from_secs(60);

/// Hears the news for `turns` until `done`.
pub async fn listen(turns: Arc<Turns>, done: CancellationToken) {
    while !done.is_cancelled() {
        let hearing = hear(&turns);
        if let Some(Err(error)) = done.run_until_cancelled(hearing).await {
            tracing::warn!(%error, "no news from the other processes");
            crate::ops::metrics::db_failed(&error);
            turns.distrust().await;
            done.run_until_cancelled(tokio::time::sleep(DEAF)).await;
        }
    }
}

/// Hears the news until the connection breaks.
async fn hear(turns: &Turns) -> Result<(), Error> {
    let mut hearing = Box::pin(next(Post::open(&turns.db).await?));
    // What happened before the connection stood was not heard.
    turns.distrust().await;
    let (mut beat, mut heard, mut afresh) = (interval(BEAT), Instant::now(), interval(AFRESH));
    afresh.reset();
    loop {
        tokio::select! {
            (post, news) = &mut hearing => {
                heard = Instant::now();
                hearing = Box::pin(next(post));
                turns.hear(news?).await;
            }
            _ = beat.tick() => {
                if heard.elapsed() > SILENCE {
                    return Err(Error::Unavailable("nothing is heard".into()));
                }
                told(&turns.db).await?;
            }
            _ = afresh.tick() => turns.distrust().await,
        }
    }
}

/// The next news, and the post again: whoever waits for something else as well must not break off what is half read.
async fn next(mut post: Post) -> (Post, Result<News, Error>) {
    let news = post.next().await;
    (post, news)
}

async fn told(db: &Db) -> Result<(), Error> {
    match timeout(SILENCE, post::tell(db, &News::Beat)).await {
        Ok(told) => told,
        Err(_) => Err(Error::Unavailable("the database does not answer".into())),
    }
}
