using System.Text;
using System.Text.Json;
using FastPush.Protocol.Handshake;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Handshake;

public class UpgradeResponseTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData(StompVersion.V12, "Sec-WebSocket-Protocol: v12.stomp\r\n")]
    [InlineData(StompVersion.V11, "Sec-WebSocket-Protocol: v11.stomp\r\n")]
    [InlineData(StompVersion.V10, "Sec-WebSocket-Protocol: v10.stomp\r\n")]
    public void Accepts_as_in_the_example_of_RFC_6455(StompVersion? version, string protocolLine)
    {
        var response = new byte[UpgradeResponse.AcceptBytesMax];

        var length = UpgradeResponse.WriteAccept(response, "dGhlIHNhbXBsZSBub25jZQ=="u8, version);

        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{protocolLine}\r\n",
            Encoding.ASCII.GetString(response, 0, length));
    }

    [Fact]
    public void A_short_destination_is_an_exception_and_not_a_cut_response()
    {
        for (var length = 0; length < 150; length++)
        {
            var shorter = new byte[length];
            Assert.ThrowsAny<ArgumentException>(() => UpgradeResponse.WriteAccept(shorter, "dGhlIHNhbXBsZSBub25jZQ=="u8, StompVersion.V12));
            Assert.ThrowsAny<ArgumentException>(() => UpgradeResponse.WriteRefusal(shorter, 400, "Bad Request"u8, default, "t"u8, "d"u8));
        }
    }

    [Fact]
    public void A_refusal_is_a_whole_response_with_a_problem_body()
    {
        var (head, body) = Refuse(401, "Unauthorized", "WWW-Authenticate: Bearer\r\n", "no \"token\"", "tab\t back\\slash \u0001 é €");

        Assert.Equal(
            [
                "HTTP/1.1 401 Unauthorized", "Connection: close", "WWW-Authenticate: Bearer",
                "Content-Type: application/problem+json", $"Content-Length: {Encoding.UTF8.GetByteCount(body)}",
            ],
            head);
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal("about:blank", problem.GetProperty("type").GetString());
        Assert.Equal("no \"token\"", problem.GetProperty("title").GetString());
        Assert.Equal(401, problem.GetProperty("status").GetInt32());
        Assert.Equal("tab\t back\\slash \u0001 é €", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public void Upgrade_required_names_the_version_and_the_protocol()
    {
        var (head, _) = Refuse(426, "Upgrade Required", "", "t", "d");

        Assert.Contains("Sec-WebSocket-Version: 13", head);
        Assert.Contains("Upgrade: websocket", head);
        Assert.Contains("Connection: close, Upgrade", head);
    }

    [Fact]
    public void The_documented_size_is_enough()
    {
        var worst = new string('\u0001', 100);
        var (head, body) = Refuse(426, "Upgrade Required", "", worst, worst);

        Assert.Contains($"Content-Length: {body.Length}", head);
        Assert.Equal(worst, JsonDocument.Parse(body).RootElement.GetProperty("title").GetString());
    }

    private static (string[] Head, string Body) Refuse(int status, string reason, string extra, string title, string detail)
    {
        var titleBytes = Encoding.UTF8.GetBytes(title);
        var detailBytes = Encoding.UTF8.GetBytes(detail);
        var response = new byte[UpgradeResponse.RefusalOverheadBytesMax + reason.Length + extra.Length
            + 6 * (titleBytes.Length + detailBytes.Length)];

        var length = UpgradeResponse.WriteRefusal(
            response, status, Encoding.ASCII.GetBytes(reason), Encoding.ASCII.GetBytes(extra), titleBytes, detailBytes);

        var parts = Encoding.UTF8.GetString(response, 0, length).Split("\r\n\r\n");
        Assert.Equal(2, parts.Length);
        return (parts[0].Split("\r\n"), parts[1]);
    }
}
