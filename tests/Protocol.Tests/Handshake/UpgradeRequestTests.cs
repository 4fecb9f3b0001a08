using System.Text;
using FastPush.Protocol.Handshake;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Handshake;

public class UpgradeRequestTests
{
    private const string Upgrade =
        "Host: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    private const string Valid = "GET /stomp HTTP/1.1\r\n" + Upgrade;

    private static readonly ProtocolLimits Limits = new() { UpgradeHeadBytes = 2000 };

    [Fact]
    public void Reads_the_example_of_RFC_6455()
    {
        var head = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n"
            + "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

        Assert.Equal(
            ["upgrade query= key=dGhlIHNhbXBsZSBub25jZQ== protocols=chat, superchat auth= origin=http://example.com"
                + " host=server.example.com version=", "left 0"],
            Read(head));
    }

    [Fact]
    public void Names_and_tokens_are_read_in_any_case_and_with_any_white_space()
    {
        var head = "GET /stomp?a=b&c HTTP/1.1\r\nhost:h\r\nUPGRADE:  h2c , WebSocket\t\r\nconnection: keep-alive,\tUpGrade\r\n"
            + "sec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==  \r\nSEC-WEBSOCKET-VERSION:13\r\n"
            + "sec-websocket-protocol: v10.stomp\r\nX-Other: \u00e9\r\nauthorization: Basic x\r\n\r\n";

        Assert.Equal(
            ["upgrade query=a=b&c key=dGhlIHNhbXBsZSBub25jZQ== protocols=v10.stomp auth=Basic x origin= host=h version=V10", "left 0"],
            Read(head));
    }

    [Fact]
    public void Tokens_may_stand_on_several_lines()
    {
        var head = Valid.Replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade", StringComparison.Ordinal)
            .Replace("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket", StringComparison.Ordinal);

        Assert.StartsWith("upgrade", Read(head + "\r\n")[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: v11.stomp\r\nSec-WebSocket-Protocol: v12.stomp\r\n", "V12")]
    [InlineData("Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: v10.stomp, v11.stomp\r\n", "V11")]
    [InlineData("Sec-WebSocket-Protocol: v12.stomp\r\nSec-WebSocket-Protocol: mqtt\r\n", "V12")]
    [InlineData("Sec-WebSocket-Protocol: mqtt\r\n", "")]
    [InlineData("", "")]
    public void The_newest_version_of_all_protocol_lines_is_taken(string lines, string expected)
    {
        Assert.EndsWith($" version={expected}", Read(Valid + lines + "\r\n")[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("POST /api/v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("GET /stomp HTTP/1.0\r\n" + Upgrade + "\r\n")]
    [InlineData("HEAD /stomp HTTP/1.1\r\n" + Upgrade + "\r\n")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websockets\r\n\r\n")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: h\r\nConnection: not-upgrade\r\nUpgrade: websocket\r\n\r\n")]
    public void Other_requests_are_done_and_not_an_upgrade(string head)
    {
        Assert.StartsWith("request", Read(head)[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Sec-WebSocket-Version: 8\r\n")]
    [InlineData("Sec-WebSocket-Version: 013\r\n")]
    [InlineData("Sec-WebSocket-Version: 13, 8\r\n")]
    [InlineData("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n")]
    public void Another_version_than_13_is_refused(string line)
    {
        var head = Valid.Replace("Sec-WebSocket-Version: 13\r\n", line, StringComparison.Ordinal) + "\r\n";

        Assert.Equal(["Malformed BadUpgradeVersion"], Read(head));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Sec-WebSocket-Key:\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWVl\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSB*b25jZQ==\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBs SBub25jZQ==\r\n")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")]
    public void A_key_that_is_not_16_bytes_in_base64_once_is_refused(string line)
    {
        var head = Valid.Replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", line, StringComparison.Ordinal) + "\r\n";

        Assert.Equal(["Malformed BadUpgradeKey"], Read(head));
    }

    [Theory]
    [InlineData("Host: other\r\n")]
    [InlineData("Origin: http://a\r\nOrigin: http://b\r\n")]
    [InlineData("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")]
    [InlineData("Content-Length: 1\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n")]
    [InlineData("no colon\r\n")]
    [InlineData(": no name\r\n")]
    [InlineData("Space-Before : colon\r\n")]
    [InlineData(" folded: line\r\n")]
    [InlineData("\tfolded: line\r\n")]
    [InlineData("X-Nul: a\0b\r\n")]
    [InlineData("X-Return: a\rb\r\n")]
    [InlineData("X-Delete: a\u007fb\r\n")]
    [InlineData("X-Bare-Feed: a\n")]
    [InlineData("X(paren): a\r\n")]
    [InlineData("\n")]
    public void Bad_lines_and_ambiguous_ones_are_refused(string lines)
    {
        Assert.Equal(["Malformed BadRequestHead"], Read(Valid + lines + "\r\n"));
    }

    [Fact]
    public void An_upgrade_without_host_is_refused()
    {
        var head = Valid.Replace("Host: server.example.com\r\n", "", StringComparison.Ordinal) + "Content-Length: 0\r\n\r\n";

        Assert.Equal(["Malformed BadRequestHead"], Read(head));
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("GET\r\n")]
    [InlineData("GET /stomp\r\n")]
    [InlineData("GET HTTP/1.1\r\n")]
    [InlineData(" /stomp HTTP/1.1\r\n")]
    [InlineData("GET  HTTP/1.1\r\n")]
    [InlineData("GET /sto mp HTTP/1.1\r\n")]
    [InlineData("GET /stomp\u0001 HTTP/1.1\r\n")]
    [InlineData("GET /stomp\u00e9 HTTP/1.1\r\n")]
    [InlineData("G(T /stomp HTTP/1.1\r\n")]
    [InlineData("GET /stomp HTTP/1.2\r\n")]
    [InlineData("GET /stomp http/1.1\r\n")]
    [InlineData("GET /stomp HTTP/1.1 \r\n")]
    [InlineData("GET /stomp HTTP/1.1\n")]
    public void Bad_request_lines_are_refused(string line)
    {
        Assert.Equal(["Malformed BadRequestHead"], Read(line + Upgrade + "\r\n"));
    }

    [Fact]
    public void A_head_may_fill_the_limit_and_not_pass_it()
    {
        var padding = new string('x', Limits.UpgradeHeadBytes - Valid.Length - "X: \r\n\r\n".Length);

        Assert.StartsWith("upgrade", Read($"{Valid}X: {padding}\r\n\r\n")[0], StringComparison.Ordinal);
        Assert.Equal(["TooLarge RequestHeadTooLarge"], Read($"{Valid}X: {padding}x\r\n\r\n"));
        Assert.Equal(["TooLarge RequestHeadTooLarge"], Read(new string('x', Limits.UpgradeHeadBytes)));
        Assert.Equal([$"left {Limits.UpgradeHeadBytes - 1}"], Read(new string('x', Limits.UpgradeHeadBytes - 1)));
    }

    [Fact]
    public void A_random_change_never_makes_the_answer_depend_on_the_cut()
    {
        var random = new Random(6455);
        var upgrades = 0;
        for (var round = 0; round < 300; round++)
        {
            var head = Encoding.Latin1.GetBytes(Valid + "Sec-WebSocket-Protocol: v12.stomp\r\n\r\n");
            for (var change = random.Next(3); change >= 0; change--)
            {
                head[random.Next(head.Length)] = random.Next(4) == 0 ? (byte)random.Next(256) : "\r\n: ,?%/"u8[random.Next(8)];
            }

            upgrades += Splits.Check(head, ReadStep)[0].StartsWith("upgrade", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(upgrades, 1, 299);
    }

    [Theory]
    [InlineData("token=abc", "token", "abc")]
    [InlineData("a=1&token=x%2By%20z+w&token=second", "token", "x+y z w")]
    [InlineData("t%6Fken=v", "token", "v")]
    [InlineData("token", "token", "")]
    [InlineData("token=", "token", "")]
    [InlineData("token=a=b", "token", "a=b")]
    [InlineData("&&token=a", "token", "a")]
    [InlineData("tokens=a", "token", null)]
    [InlineData("toke=a", "token", null)]
    [InlineData("", "token", null)]
    [InlineData("token=%4", "token", null)]
    [InlineData("token=%zz", "token", null)]
    [InlineData("token=0123456789abcdefg", "token", null)]
    [InlineData("token=0123456789abcdef", "token", "0123456789abcdef")]
    public void Query_values_are_decoded(string query, string name, string? expected)
    {
        var bytes = Encoding.Latin1.GetBytes($"GET /stomp?{query} HTTP/1.1\r\n{Upgrade}\r\n");
        Assert.Equal(ParseStatus.Done, UpgradeRequest.TryRead(bytes, Limits, out var request, out _, out _));
        Span<byte> value = stackalloc byte[16];

        var found = request.TryQuery(Encoding.ASCII.GetBytes(name), value, out var written);

        Assert.Equal(expected, found ? Encoding.ASCII.GetString(value[..written]) : null);
        Assert.True(found || written == 0);
    }

    [Theory]
    [InlineData("Authorization: Bearer abc.def", "abc.def")]
    [InlineData("Authorization: bEARER   abc ", "abc")]
    [InlineData("Authorization: Basic abc", "")]
    [InlineData("Authorization: Bearer", "")]
    [InlineData("Authorization: Bearerabc", "")]
    [InlineData("X: y", "")]
    public void The_bearer_token_is_taken_out(string line, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes($"{Valid}{line}\r\n\r\n");
        Assert.Equal(ParseStatus.Done, UpgradeRequest.TryRead(bytes, Limits, out var request, out _, out _));

        Assert.Equal(expected, Encoding.ASCII.GetString(request.BearerToken));
    }

    private static IReadOnlyList<string> Read(string head) => Splits.Check(Encoding.Latin1.GetBytes(head), ReadStep);

    private static ReadStep ReadStep(Span<byte> input)
    {
        var status = UpgradeRequest.TryRead(input, Limits, out var request, out var consumed, out var fault);
        return status switch
        {
            ParseStatus.Done => new ReadStep(status, consumed, Describe(request)),
            _ => new ReadStep(status, consumed, fault.ToString()),
        };
    }

    private static string Describe(UpgradeRequest request) =>
        $"{(request.IsWebSocketUpgrade ? "upgrade" : "request")} query={Text(request.Query)} key={Text(request.Key)}"
        + $" protocols={Text(request.Protocols)} auth={Text(request.Authorization)} origin={Text(request.Origin)}"
        + $" host={Text(request.Host)} version={request.Subprotocol}";

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
