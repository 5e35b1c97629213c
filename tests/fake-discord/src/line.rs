//! Connections that can be cut in the middle of anything.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Ends a connection without a word.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    is_cut: AtomicBool,
    waker: AtomicWaker,
}

impl Cutter {
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        self.waker.register(context.waker());
        if self.is_cut.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

/// Cutters of all open connections.
#[derive(Debug, Default)]
pub(crate) struct Cutters(Mutex<Vec<Weak<Cutter>>>);

impl Cutters {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Cutter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, cutter: &Arc<Cutter>) {
        let mut all = self.lock();
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(cutter));
    }

    pub fn cut_all(&self) {
        self.lock().drain(..).filter_map(|cutter| cutter.upgrade()).for_each(|cutter| cutter.cut());
    }
}

/// The listener whose connections can be cut.
pub(crate) struct Lines {
    listener: TcpListener,
    cutters: Arc<Cutters>,
}

impl Lines {
    pub fn of(listener: TcpListener, cutters: Arc<Cutters>) -> Self {
        Self { listener, cutters }
    }
}

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let _ = stream.set_nodelay(true);
        let cutter = Arc::new(Cutter::default());
        self.cutters.add(&cutter);
        (Line { stream, cutter }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection.
pub(crate) struct Line {
    stream: TcpStream,
    cutter: Arc<Cutter>,
}

/// The cutter of the connection a request came by.
#[derive(Clone, Debug)]
pub(crate) struct OwnLine(pub Arc<Cutter>);

impl Connected<IncomingStream<'_, Lines>> for OwnLine {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        Self(stream.io().cutter.clone())
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.cutter.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.cutter.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
