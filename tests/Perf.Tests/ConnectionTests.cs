using System.Net;
using System.Net.Sockets;
using FastPush.Load.Clients;
using FastPush.Load.Control;
using FastPush.Load.Engine;

namespace FastPush.Perf.Tests;

/// <summary>The load tool's connection over a real socket.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task What_the_socket_does_not_take_waits_and_goes_out_later()
    {
        const int Bytes = 16 << 20; // More than the buffers of both ends take.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var loop = new ClientLoop();
        var events = new Events();
        var port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        var connection = new Sender(loop, events, new Target((uint)IPAddress.NetworkToHostOrder(0x0100007F), port, "/", "localhost"));
        loop.Own([connection]);
        connection.Start(0);
        using var server = await listener.AcceptTcpClientAsync();
        var end = TimeProvider.System.GetUtcNow().AddSeconds(30);
        void Turn()
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, $"{connection.PendingBytes} bytes wait");
            loop.Turn(1_000_000, loop.FlushAll);
            Assert.Equal([], events.Failures);
        }

        while (!connection.IsConnected)
        {
            Turn();
        }

        connection.Append(new byte[Bytes]);
        loop.FlushAll();
        Assert.Equal([], events.Failures);
        Assert.InRange(connection.PendingBytes, 1, Bytes - 1);
        connection.Receive(int.MaxValue); // Nothing is there.
        Assert.Equal([], events.Failures);
        var reading = ReadAsync(server.GetStream(), Bytes);
        while (connection.PendingBytes > 0)
        {
            Turn();
        }

        Assert.Equal(Bytes, await reading);
        connection.Close();
    }

    private static async Task<int> ReadAsync(Stream stream, int bytes)
    {
        var buffer = new byte[64 << 10];
        var got = 0;
        while (got < bytes)
        {
            var read = await stream.ReadAsync(buffer);
            Assert.NotEqual(0, read);
            got += read;
        }

        return got;
    }

    private sealed class Sender(ClientLoop loop, IConnectionEvents events, Target target) : Connection(loop, events, target, 0)
    {
        public bool IsConnected { get; private set; }

        protected override int Take(ReadOnlySpan<byte> bytes) => bytes.Length;

        protected override void OnOpen() => IsConnected = true;
    }

    private sealed class Events : IConnectionEvents
    {
        public List<string> Failures { get; } = [];

        public void OnReady(Connection connection) => Failures.Add("ready without a login");

        public void OnFailed(Connection connection, string reason) => Failures.Add(reason);

        public void OnMessage(Connection connection, int slot, ReadOnlySpan<byte> payload) => Failures.Add("a message");

        public void OnHeartBeat() => Failures.Add("a heart-beat");

        public void OnReceived(Connection connection, int bytes) => Failures.Add("bytes");
    }
}
