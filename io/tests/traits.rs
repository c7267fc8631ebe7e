//! The traits of futures-io, and what can be sent between threads.

mod common;

use std::fmt::Debug;
use std::io::{IoSlice, IoSliceMut};

use anyloop_io::{
    Async, ReadHalf, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
    WriteHalf, op,
};
use common::{join, pattern, run, tcp_pair};
use executor_core::spawn;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt, BufReader, copy};
use futures_lite::{AsyncBufReadExt, StreamExt};

/// Sends bytes one way through the traits, and reads them back to the end.
async fn through<R, W>(mut reader: R, mut writer: W) -> std::io::Result<()>
where
    R: AsyncReadExt + Unpin + Send + 'static,
    W: AsyncWriteExt + Unpin + Send + 'static,
{
    let sent = pattern(1 << 20);
    let task = spawn({
        let sent = sent.clone();
        async move {
            let (head, tail) = sent.split_at(10);
            let slices = [IoSlice::new(&head[..4]), IoSlice::new(&head[4..])];
            assert_eq!(writer.write_vectored(&slices).await?, 10);
            writer.write_all(tail).await?;
            writer.flush().await?;
            writer.close().await?;
            Ok(writer)
        }
    });
    let (mut a, mut b) = ([0; 3], [0; 3]);
    let mut slices = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    let length = reader.read_vectored(&mut slices).await?;
    assert_eq!(reader.read(&mut []).await?, 0);
    let mut got = [a, b].concat();
    got.truncate(length);
    reader.read_to_end(&mut got).await?;
    assert!(got == sent);
    join(task).await?;
    Ok(())
}

#[test]
fn every_stream_type_speaks_futures_io() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        through(client, server).await?;
        let (a, b) = UnixStream::pair()?;
        through(a, b).await?;
        let (client, server) = tcp_pair().await?;
        let ((read, _keep), (_unused, write)) = (client.into_split(), server.into_split());
        through(read, write).await?;
        let (a, b) = UnixStream::pair()?;
        let ((read, _keep), (_unused, write)) = (a.into_split(), b.into_split());
        through(read, write).await
    });
}

#[test]
fn references_read_and_write_at_once() {
    run(|| async {
        let (client, server) = tcp_pair().await?;
        let echo = spawn(async move {
            let sent = copy(&server, &mut &server).await?;
            (&server).close().await?;
            Ok(sent)
        });
        AsyncWriteExt::write_all(&mut &client, b"one\ntwo\n").await?;
        (&client).close().await?;
        let lines: Vec<_> = BufReader::new(&client)
            .lines()
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(join(echo).await?, 8);
        Ok(())
    });
}

fn shared<T: Send + Sync + Unpin + Debug + 'static>() {}
fn sent<T: Send + Unpin + Debug>() {}

#[test]
fn everything_can_be_sent_to_another_thread() {
    shared::<TcpStream>();
    shared::<TcpListener>();
    shared::<UdpSocket>();
    shared::<UnixStream>();
    shared::<UnixListener>();
    shared::<UnixDatagram>();
    shared::<Async<std::fs::File>>();
    shared::<ReadHalf<TcpStream>>();
    shared::<WriteHalf<UnixStream>>();
    sent::<op::Read<'_>>();
    sent::<op::WriteAll<'_>>();
    sent::<op::Accept<'_>>();
    sent::<op::Connect>();
    sent::<op::ConnectTimeout>();
    sent::<op::LookupHost>();
    sent::<op::Bind<UdpSocket>>();
    sent::<op::ConnectUnix>();
    sent::<op::RecvFromUnix<'_>>();
}
