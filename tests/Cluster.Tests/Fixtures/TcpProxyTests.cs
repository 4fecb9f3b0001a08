using System.Net.Sockets;

namespace FastPush.Cluster.Tests.Fixtures;

public sealed class TcpProxyTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private TcpProxy _proxy = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _proxy = TcpProxy.Start(_redis.Port);
    }

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private Task<RespClient> OpenAsync() => RespClient.OpenAsync(_proxy.EndPoint, null, null, null, Deadline.Token());

    [Fact]
    public async Task Several_connections_pass_and_a_delay_holds_each_back()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        Assert.Equal("PONG", await one.CommandAsync(Deadline.Token(), "PING"));
        Assert.Equal("x", await two.CommandAsync(Deadline.Token(), "ECHO", "x"));
        Assert.Equal(2, _proxy.Connections);
        _proxy.ToClient.Delay = TimeSpan.FromDays(1);
        var answers = new[] { one.CommandAsync(Deadline.Token(), "PING"), two.CommandAsync(Deadline.Token(), "PING") };
        await Deadline.Until(() => _proxy.ToClient.BytesUnderWay == 2 * "+PONG\r\n".Length);
        Assert.DoesNotContain(answers, answer => answer.IsCompleted);
        _proxy.ToClient.Delay = TimeSpan.Zero;
        Assert.Equal(["PONG", "PONG"], await Task.WhenAll(answers));
        await Deadline.Until(() => _proxy.ToClient.BytesUnderWay == 0);
    }

    [Fact]
    public async Task A_cut_resets_and_new_connections_pass()
    {
        await using var one = await OpenAsync();
        Assert.Equal("PONG", await one.CommandAsync(Deadline.Token(), "PING"));
        _proxy.Cut();
        var fault = await Assert.ThrowsAnyAsync<IOException>(() => one.CommandAsync(Deadline.Token(), "PING"));
        Assert.True(fault is EndOfStreamException || fault.InnerException is SocketException, fault.ToString());
        await using var two = await OpenAsync();
        Assert.Equal("PONG", await two.CommandAsync(Deadline.Token(), "PING"));
        await Deadline.Until(() => _proxy.Connections == 1);
    }

    [Fact]
    public async Task A_stalled_one_takes_connections_and_forwards_nothing_until_it_flows()
    {
        await using var one = await OpenAsync();
        Assert.Equal("PONG", await one.CommandAsync(Deadline.Token(), "PING"));
        var before = _proxy.ToServer.Bytes;
        _proxy.Stall();
        await using var two = await OpenAsync();
        var answers = new[] { one.CommandAsync(Deadline.Token(), "PING"), two.CommandAsync(Deadline.Token(), "PING") };
        await Deadline.Until(() => _proxy.Accepted == 2);
        Assert.DoesNotContain(answers, answer => answer.IsCompleted);
        Assert.Equal(before, _proxy.ToServer.Bytes);
        _proxy.Flow();
        Assert.Equal(["PONG", "PONG"], await Task.WhenAll(answers));
    }

    [Fact]
    public async Task A_refusing_one_takes_no_new_connection_until_it_accepts_again()
    {
        await using var one = await OpenAsync();
        await _proxy.RefuseAsync();
        var fault = await Assert.ThrowsAsync<SocketException>(OpenAsync);
        Assert.Equal(SocketError.ConnectionRefused, fault.SocketErrorCode);
        Assert.Equal("PONG", await one.CommandAsync(Deadline.Token(), "PING"));
        _proxy.Accept();
        await using var two = await OpenAsync();
        Assert.Equal("PONG", await two.CommandAsync(Deadline.Token(), "PING"));
    }

    [Fact]
    public async Task An_HTTP_server_answers_400_to_Redis_commands()
    {
        await using var port = HttpPort.Start();
        await using var client = await RespClient.OpenAsync(
            new(System.Net.IPAddress.Loopback, port.Port), null, null, null, Deadline.Token());
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => client.CommandAsync(Deadline.Token(), "PING"));
        Assert.Contains("HTTP/1.1 400", fault.Message, StringComparison.Ordinal);
        await Deadline.Until(() => port.Answered == 1);
    }
}
