using System.Net;
using System.Net.Sockets;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>A process with few descriptors, and strangers who want them all.</summary>
public abstract class DescriptorTests(TlsGateway fixture) : IDisposable
{
    // 384 are the process's own, 32 for strangers while it is full and for what is closing: 64 are left.
    protected const int Descriptors = 480;
    private const int Users = 64;

    private readonly GatewayProcess _gateway = fixture.Gateway;
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        _open.ForEach(o => o.Dispose());
        _gateway.AssertNoFaults();
        Assert.False(_gateway.HasExited);
        GC.SuppressFinalize(this);
    }

    private protected async Task<RawClient> StrangerAsync(string text = "")
    {
        var client = await RawClient.OpenAsync(_gateway);
        _open.Add(client);
        await client.SendAsync(text);
        return client;
    }

    private async Task<string[]> TokensAsync(int count)
    {
        var tokens = new string[count];
        for (var i = 0; i < count; i++)
        {
            tokens[i] = await _gateway.TokenAsync($"user{i}");
        }

        return tokens;
    }

    private async Task<RawClient> UserAsync(string token)
    {
        var client = await StrangerAsync(RawClient.Upgrade($"/stomp?token={token}"));
        Assert.StartsWith("HTTP/1.1 101", await client.HeadAsync(), StringComparison.Ordinal);
        await client.StompAsync("CONNECT\naccept-version:1.2\n\n");
        Assert.Equal("CONNECTED", (await client.NextAsync()).Command);
        await client.SubscribeAsync("/user/queue/messages");
        return client;
    }

    private async Task HalfHandshakeAsync()
    {
        var secure = new TcpClient();
        _open.Add(secure);
        await secure.ConnectAsync(IPAddress.Loopback, _gateway.Addresses.Single(a => a.Scheme == "https").Port, Deadline.Token());
        await secure.GetStream().WriteAsync(new byte[] { 22, 3, 1, 2, 0, 1 }, Deadline.Token());
    }

    private Task NobodyAsync() =>
        Deadline.Until(async () => await _gateway.MetricAsync("push_connections_accepted{proven=\"true\"}") == 0);

    private int OpenDescriptors => Directory.GetFiles($"/proc/{_gateway.Pid}/fd").Length;

    [Fact]
    public async Task Strangers_of_every_kind_keep_nobody_out_and_the_process_alive()
    {
        Assert.Contains($"Room for {Users} connections", _gateway.Log, StringComparison.Ordinal);
        var tokens = await TokensAsync(20);
        await NobodyAsync();
        var users = new List<RawClient> { await UserAsync(tokens[0]) };
        for (var i = 1; i < tokens.Length; i++)
        {
            for (var round = 0; round < 10; round++)
            {
                await StrangerAsync();
                await StrangerAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"); // Kept alive.
                await StrangerAsync(RawClient.Upgrade()); // Without CONNECT.
                await HalfHandshakeAsync();
            }

            users.Add(await UserAsync(tokens[i]));
            Assert.InRange(OpenDescriptors, 0, Descriptors - 32); // Room for what the process needs.
        }

        for (var i = 0; i < users.Count; i++)
        {
            await users[0].StompAsync($"SEND\ndestination:/user/user{i}/queue/messages\n\nfor {i}");
        }

        for (var i = 0; i < users.Count; i++)
        {
            Assert.Equal($"for {i}", (await users[i].NextAsync()).Body);
            await users[i].StompAsync("DISCONNECT\nreceipt:end\n\n");
            Assert.Equal("end", (await users[i].NextAsync())["receipt-id"]); // And nothing of another's before it.
        }

        Assert.Equal(200, await _gateway.StatusAsync("/health/ready"));
        Assert.True(await _gateway.MetricAsync("push_connections_evicted_total") > 500);
    }

    [Fact]
    public async Task A_node_full_of_users_says_so_and_answers_probes()
    {
        var tokens = await TokensAsync(2);
        var users = new Queue<RawClient>();
        await NobodyAsync();
        for (var i = 0; i < Users; i++)
        {
            users.Enqueue(await UserAsync(tokens[0]));
        }

        for (var i = 0; i < 3; i++)
        {
            var late = await StrangerAsync(RawClient.Upgrade($"/stomp?token={tokens[1]}"));
            var head = await late.HeadAsync();
            Assert.StartsWith("HTTP/1.1 503", head, StringComparison.Ordinal);
            Assert.Contains("Retry-After: 1\r\n", head, StringComparison.Ordinal);
            Assert.Equal(200, await _gateway.StatusAsync("/health/live"));
        }

        var byConnect = await StrangerAsync(RawClient.Upgrade());
        await byConnect.HeadAsync();
        await byConnect.StompAsync($"CONNECT\naccept-version:1.2\npasscode:{tokens[1]}\n\n");
        Assert.Equal("overload", (await byConnect.ExpectRefusalAsync(1013))["message"]);
        var stream = await StrangerAsync($"GET /sse?destination=/topic/a&token={tokens[1]} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503", await stream.HeadAsync(), StringComparison.Ordinal);
        users.Dequeue().Dispose();
        await Deadline.Until(async () => await _gateway.MetricAsync("push_connections_accepted{proven=\"true\"}") < Users);
        await UserAsync(tokens[1]);
    }
}

public sealed class EngineDescriptorTests(EngineDescriptorTests.Fixture fixture)
    : DescriptorTests(fixture), IClassFixture<EngineDescriptorTests.Fixture>
{
    [Fact]
    public async Task A_session_that_showed_no_token_is_told_why_it_has_to_go()
    {
        var stranger = await StrangerAsync(RawClient.Upgrade());
        await stranger.HeadAsync();
        for (var i = 0; i < 40; i++)
        {
            await StrangerAsync();
        }

        var frames = await stranger.ToEndAsync();
        Assert.Equal(["ERROR", "CLOSE"], frames.Select(f => f.Command));
        Assert.Equal(1013, frames[1].Code);
    }

    [Fact]
    public async Task Too_few_descriptors_are_a_fault_of_the_configuration()
    {
        var (code, log) = await GatewayProcess.RunAsync("Development", "--FastPush:Limits:ReservedDescriptors=999999");
        Assert.Equal(2, code);
        Assert.Contains("FastPush:Limits:ReservedDescriptors", log, StringComparison.Ordinal);
    }

    public sealed class Fixture() : TlsGateway(Descriptors);
}

public sealed class KestrelDescriptorTests(KestrelDescriptorTests.Fixture fixture)
    : DescriptorTests(fixture), IClassFixture<KestrelDescriptorTests.Fixture>
{
    public sealed class Fixture() : TlsGateway(Descriptors, "--FastPush:Engine:Transport=kestrel");
}
