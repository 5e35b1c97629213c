//! Post between the processes of one house: PostgreSQL's notifications, sent by triggers with the change itself
//! (`migrations/postgres/0010_cluster.sql`) or by a process. SQLite has one process and no post.

use sqlx::postgres::PgListener;

use super::{Db, Error, Readers, Reads as _};
use crate::domain::News;

/// The channel that everything is told on.
const CHANNEL: &str = "greenroom";
/// Not among the statements that both engines understand.
const TELL: &str = "SELECT pg_notify($1, $2)";

/// Where one process hears the news.
pub struct Post(PgListener);

impl Post {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`Error::Unavailable`] on SQLite, and when the database cannot be reached.
    pub async fn open(db: &Db) -> Result<Self, Error> {
        let Readers::Server(pool) = db.readers()? else { return Err(Error::Unavailable("SQLite has no post".into())) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next piece of news that this version understands.
    ///
    /// # Errors
    /// When the connection broke: news may have been lost.
    pub async fn next(&mut self) -> Result<News, Error> {
        loop {
            let Some(heard) = self.0.try_recv().await? else {
                return Err(Error::Unavailable("the connection for news broke".into()));
            };
            if let Some(news) = News::read(heard.payload()) {
                return Ok(news);
            }
        }
    }
}

/// Tells every process of the house something, this one as well.
///
/// # Errors
/// Those of the database.
pub async fn tell(db: &Db, news: &News) -> Result<(), Error> {
    let Readers::Server(pool) = db.readers()? else { return Ok(()) };
    sqlx::query(TELL).bind(CHANNEL).bind(news.written()).execute(pool).await?;
    Ok(())
}
