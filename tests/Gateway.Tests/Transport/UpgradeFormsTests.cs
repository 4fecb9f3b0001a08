using System.Text;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>
/// Upgrades in every form that RFC 9110 section 7.8 and RFC 9112 sections 2.2 and 3.2 allow, as the first request of a connection and
/// behind others, on each transport.
/// </summary>
public abstract class UpgradeFormsTests
{
    private const string Live = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string NoUpgrade = "GET /stomp HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string Sized = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\nGET /stomp ?";
    private const string Chunked =
        "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "A\r\nGET /stomp\r\n2\r\n\r\n\r\n0\r\nX-T: 1\r\n\r\n";

    private const string Other = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

    private const string Fields =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + RawClient.Key + "\r\n";

    /// <summary>What comes before the upgrade on the same connection, and the status of each answer.</summary>
    private static readonly (string Requests, string[] Answers)[] s_before =
    [
        ("", []),
        (Live, ["200"]),
        (NoUpgrade, ["426"]),
        (Sized, ["404"]),
        (Chunked, ["404"]),
        (Other, ["404"]),
        (Live + "\r\n\r\n", ["200"]),
        (Live + Sized + NoUpgrade + Chunked, ["200", "404", "426", "404"]),
    ];

    private protected abstract GatewayProcess Gateway { get; }

    private protected virtual Task<RawClient> OpenAsync() => RawClient.OpenAsync(Gateway);

    /// <summary>A request line, the fields that go before <see cref="Fields"/>, and what answers it.</summary>
    public static TheoryData<string, string, string> Forms => new()
    {
        { "GET /stomp HTTP/1.1", "Host: localhost\r\n", "101" },
        { "GET /stomp?a=b HTTP/1.1", "Host: localhost\r\n", "101" },
        { "\r\n\r\nGET /stomp HTTP/1.1", "Host: localhost\r\n", "101" },
        { "GET http://localhost/stomp HTTP/1.1", "Host: localhost\r\n", "101" },
        { "GET HTTPS://user.example:443/stomp?a=/b HTTP/1.1", "Host: other.example\r\n", "101" },
        { "GET http://[::1]:80/stomp HTTP/1.1", "Host: [::1]:80\r\n", "101" },
        { "GET /%73tomp HTTP/1.1", "Host: localhost\r\n", "101" },
        { "GET /s%74%6F%6d%70? HTTP/1.1", "Host: localhost\r\n", "101" },
        { "GET /stomp HTTP/1.1", "hOST:localhost:80\r\nUPGRADE: h2c\r\nUpgrade:foo/2 ,\tWebSocket\r\ncONNECTION: keep-alive\r\n", "101" },
        { "GET /stomp HTTP/1.1", "Host: \t localhost \r\nContent-Length: 0\r\n", "101" },
        { "GET /stomp HTTP/1.1", "Host:\r\n", "101" },
        { "GET /stomp HTTP/1.1", "", "400" },
        { "GET /stomp HTTP/1.1", "Host: a\r\nHost: a\r\n", "400" },
        { "GET /stomp HTTP/1.1", "Host: a/b\r\n", "400" },
        { "GET /stomp HTTP/1.1", "Host: a:b\r\n", "400" },
        { "GET http://localhost/stomp HTTP/1.1", "", "400" },
        { "GET http://user@localhost/stomp HTTP/1.1", "Host: localhost\r\n", "400" },
        { "GET http:///stomp HTTP/1.1", "Host: localhost\r\n", "400" },
        { "GET /stomp HTTP/1.1", "Host: localhost\r\nX: a\r\n folded\r\n", "400" },
        { "GET /stomp HTTP/1.1", "Host: localhost\r\nContent-Length: 5\r\n", "400" },
        { "GET /stomp HTTP/1.1", "Host: localhost\r\nTransfer-Encoding: chunked\r\n", "400" },
        { "GET /stomp HTTP/1.1", "Host: localhost\r\nSec-WebSocket-Version: 8\r\n", "426" },
        { "GET /stomp HTTP/1.0", "Host: localhost\r\n", "426" },
        { "GET /stomp/ HTTP/1.1", "Host: localhost\r\n", "404" },
        { "GET /STOMP HTTP/1.1", "Host: localhost\r\n", "404" },
        { "GET /%2Fstomp HTTP/1.1", "Host: localhost\r\n", "404" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task An_upgrade_in_any_form_behind_anything_is_answered_alike(string line, string host, string status)
    {
        foreach (var (requests, answers) in s_before)
        {
            using var client = await OpenAsync();
            await client.SendAsync(requests + line + "\r\n" + host + Fields + "\r\n");
            await ExpectAsync(client, answers);
            await ExpectUpgradeAsync(client, status);
        }
    }

    [Fact]
    public async Task An_answer_may_be_waited_for_and_bytes_may_come_one_by_one()
    {
        var upgrade = RawClient.Upgrade(headers: $"Authorization: Bearer {await Gateway.TokenAsync("alice")}\r\n");
        foreach (var (requests, answers) in s_before)
        {
            using var client = await OpenAsync();
            foreach (var one in requests)
            {
                await client.SendAsync([(byte)one]);
            }

            await ExpectAsync(client, answers);
            foreach (var one in upgrade)
            {
                await client.SendAsync([(byte)one]);
            }

            await ExpectUpgradeAsync(client, "101");
        }
    }

    [Fact]
    public async Task Frames_may_come_in_the_packet_of_a_later_upgrade_and_large_messages_pass()
    {
        const int bytes = 300_000;
        var upgrade = RawClient.Upgrade(headers: $"Authorization: Bearer {await Gateway.TokenAsync("alice")}\r\n");
        using var client = await OpenAsync();
        await client.SendAsync(
        [
            .. Encoding.ASCII.GetBytes(Live + upgrade),
            .. ClientBytes.Stomp("CONNECT\naccept-version:1.2\n\n"),
            .. ClientBytes.Stomp("SUBSCRIBE\nid:0\ndestination:/topic/later\nreceipt:r\n\n"),
        ]);
        await ExpectAsync(client, ["200"]);
        Assert.StartsWith("HTTP/1.1 101", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("alice", (await client.NextAsync())["user-name"]);
        Assert.Equal("r", (await client.NextAsync())["receipt-id"]);
        await client.StompAsync($"SEND\ndestination:/topic/later\n\n{new string('x', bytes)}");
        Assert.Equal(bytes, (await client.NextAsync()).Body.Length);
        await client.SendAsync(ClientBytes.Close(1000));
        Assert.Equal(1000, (await client.NextAsync()).Code);
    }

    [Theory]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200")]
    [InlineData("GET /health/live HTTP/1.0\r\n\r\n", "200")]
    [InlineData("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "4")]
    [InlineData("GET /health/live HTTP/1.1\r\n\r\n", "400")]
    public async Task Behind_the_last_request_of_a_connection_nothing_is_an_upgrade(string last, string status)
    {
        using var client = await OpenAsync();
        await client.SendAsync(last + RawClient.Upgrade());
        var all = await client.TextToEndAsync();
        Assert.StartsWith("HTTP/1.1 " + status, all, StringComparison.Ordinal);
        Assert.DoesNotContain("101 Switching", all, StringComparison.Ordinal);
    }

    /// <summary>A proxy in front takes these bytes for a body; to find a request in them would be smuggling.</summary>
    [Theory]
    [InlineData("Content-Length: {0}\r\n\r\n{1}")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n{0:x}\r\n{1}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n{0:x};x=\"\r\n\"\r\n{1}\r\n0\r\n\r\n")]
    public async Task An_upgrade_in_a_body_is_none(string rest)
    {
        var upgrade = RawClient.Upgrade();
        var body = string.Format(System.Globalization.CultureInfo.InvariantCulture, rest, upgrade.Length, upgrade);
        using var client = await OpenAsync();
        await client.SendAsync(
            $"POST /nowhere HTTP/1.1\r\nHost: a\r\n{body}GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.DoesNotContain("101 Switching", await client.TextToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task ExpectAsync(RawClient client, IEnumerable<string> answers)
    {
        foreach (var status in answers)
        {
            var head = await client.HeadAsync();
            Assert.StartsWith("HTTP/1.1 " + status, head, StringComparison.Ordinal);
            await BodyAsync(client, head);
        }
    }

    // The one chunk and the empty one end with an empty line. HTTP/1.0 has no chunks, there the connection's end is the body's.
    private static Task<string> BodyAsync(RawClient client, string head) =>
        head.Contains("chunked", StringComparison.OrdinalIgnoreCase) ? client.HeadAsync()
        : head.Contains("Content-Length", StringComparison.OrdinalIgnoreCase) ? client.BodyAsync(head)
        : client.TextToEndAsync();

    private static async Task ExpectUpgradeAsync(RawClient client, string status)
    {
        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 " + status, head, StringComparison.Ordinal);
        if (status == "101")
        {
            await client.SendAsync(ClientBytes.Frame(9, "are you there"u8));
            Assert.Equal("PONG", (await client.NextAsync()).Command);
        }
        else
        {
            Assert.Contains("application/problem+json", head, StringComparison.OrdinalIgnoreCase);
            Assert.Contains($"\"status\":{status}", await BodyAsync(client, head), StringComparison.Ordinal);
        }
    }
}

/// <inheritdoc/>
public sealed class EngineUpgradeFormsTests(EngineUpgradeFormsTests.Fixture fixture)
    : UpgradeFormsTests, IClassFixture<EngineUpgradeFormsTests.Fixture>, IDisposable
{
    private protected override GatewayProcess Gateway => fixture.Gateway;

    public void Dispose() => Gateway.AssertNoFaults();

    public sealed class Fixture : GatewayFixture;
}

/// <inheritdoc/>
public sealed class KestrelUpgradeFormsTests(KestrelUpgradeFormsTests.Fixture fixture)
    : UpgradeFormsTests, IClassFixture<KestrelUpgradeFormsTests.Fixture>, IDisposable
{
    private protected override GatewayProcess Gateway => fixture.Gateway;

    public void Dispose() => Gateway.AssertNoFaults();

    public sealed class Fixture() : GatewayFixture("--FastPush:Engine:Transport=kestrel");
}

/// <inheritdoc/>
public sealed class TlsUpgradeFormsTests(TlsTests.Fixture fixture) : UpgradeFormsTests, IClassFixture<TlsTests.Fixture>, IDisposable
{
    private protected override GatewayProcess Gateway => fixture.Gateway;

    public void Dispose() => Gateway.AssertNoFaults();

    private protected override Task<RawClient> OpenAsync() =>
        RawClient.OpenTlsAsync(Gateway.Addresses.Single(a => a.Scheme == "https"), fixture.IsOurs);
}
