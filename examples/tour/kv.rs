//! The key-value store behind the server, and the client's end of a connection to it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::task::{Poll, Waker};
use std::time::Duration;

use anyloop::net::TcpStream;
use anyloop::time::timeout;
use futures_lite::AsyncBufReadExt;
use futures_lite::io::BufReader;

/// How long a client waits for an answer: far longer than one ever takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keys and values of one thread's coroutines, which can wait for one another through it.
#[derive(Debug, Default)]
pub(crate) struct Store {
    values: RefCell<HashMap<String, String>>,
    closed: Cell<bool>,
    /// Who waits for which key; no key stands for the end alone.
    waiting: RefCell<Vec<(Option<String>, Waker)>>,
}

impl Store {
    /// Answers one line of the protocol: `GET key`, `SET key value`, or `WAIT key`, which answers
    /// when somebody has set the key.
    pub(crate) async fn answer(&self, request: &str) -> String {
        let words: Vec<&str> = request.splitn(3, ' ').collect();
        let value = match words[..] {
            ["SET", key, value] => {
                self.set(key, value);
                return "OK".to_owned();
            }
            ["GET", key] => self.get(key),
            ["WAIT", key] => self.until(Some(key), || self.get(key)).await,
            _ => return format!("ERROR `{request}` is not GET, SET or WAIT with their arguments"),
        };
        value.map_or_else(|| "NONE".to_owned(), |value| format!("VALUE {value}"))
    }

    /// Ends all waiting: no more values will come.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.wake(|_| true);
    }

    /// Waits until the store is closed, and gives `None` then.
    pub(crate) fn closed<T>(&self) -> impl Future<Output = Option<T>> {
        self.until(None, || None)
    }

    fn get(&self, key: &str) -> Option<String> {
        self.values.borrow().get(key).cloned()
    }

    fn set(&self, key: &str, value: &str) {
        let mut values = self.values.borrow_mut();
        values.insert(key.to_owned(), value.to_owned());
        drop(values);
        self.wake(|waits_for| waits_for == Some(key));
    }

    /// Waits until `look` finds something; `None` once the store is closed.
    fn until<T>(
        &self,
        key: Option<&str>,
        look: impl Fn() -> Option<T>,
    ) -> impl Future<Output = Option<T>> {
        poll_fn(move |cx| match look() {
            None if !self.closed.get() => {
                let mut waiting = self.waiting.borrow_mut();
                // A coroutine may come again before it was woken, and waits once all the same.
                waiting.retain(|(_, waker)| !waker.will_wake(cx.waker()));
                waiting.push((key.map(str::to_owned), cx.waker().clone()));
                Poll::Pending
            }
            found => Poll::Ready(found),
        })
    }

    fn wake(&self, whom: impl Fn(Option<&str>) -> bool) {
        let waiting = self.waiting.take().into_iter();
        let (woken, others): (Vec<_>, Vec<_>) = waiting.partition(|(key, _)| whom(key.as_deref()));
        self.waiting.replace(others);
        for (_, waker) in woken {
            waker.wake();
        }
    }
}

/// A client's end of a connection.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: &str) -> io::Result<()> {
        let line = format!("{request}\n");
        self.0.get_ref().write_all(line.as_bytes()).await
    }

    /// Waits for the answer to a request, though not for ever.
    pub(crate) async fn read_data(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if timeout(PATIENCE, self.0.read_line(&mut line)).await?? == 0 {
            let message = "the server closed the connection before it answered";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        Ok(line.trim_end().to_owned())
    }
}
