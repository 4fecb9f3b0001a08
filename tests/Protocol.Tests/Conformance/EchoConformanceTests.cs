using System.Text;
using FastPush.Protocol.Tests.WebSocket;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.Conformance;

/// <summary>The groups of the usual WebSocket conformance suites, over a socket, against EchoHost.</summary>
public class EchoConformanceTests(EchoFixture echo) : IClassFixture<EchoFixture>
{
    private const int Protocol = 1002;
    private const int InvalidPayload = 1007;
    private const int TooBig = 1009;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public async Task Text_and_binary_of_every_size_come_back(int size)
    {
        using var client = await echo.OpenAsync();
        var payload = ClientFrame.Pattern(size);
        var bytes = payload.Select(octet => (byte)(octet * 7)).ToArray();

        await client.SendAsync(ClientFrame.Make(WsOpcode.Text, payload));
        await client.ExpectAsync(WsOpcode.Text, payload);
        await client.SendAsync(ClientFrame.Make(WsOpcode.Binary, bytes));
        await client.ExpectAsync(WsOpcode.Binary, bytes);
    }

    [Fact]
    public async Task Messages_written_at_once_come_back_in_order()
    {
        using var client = await echo.OpenAsync();
        var payloads = Enumerable.Range(0, 200).Select(ClientFrame.Pattern).ToArray();

        await client.SendAsync(payloads.SelectMany(payload => ClientFrame.Make(WsOpcode.Text, payload)).ToArray());

        foreach (var payload in payloads)
        {
            await client.ExpectAsync(WsOpcode.Text, payload);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(125)]
    [InlineData(300)]
    public async Task Frames_written_one_byte_at_a_time_come_back(int size)
    {
        using var client = await echo.OpenAsync();
        var payload = ClientFrame.Pattern(size);

        await client.SendByteByByteAsync([.. ClientFrame.Make(WsOpcode.Text, payload), .. ClientFrame.Make(WsOpcode.Ping, [1, 2, 3])]);

        await client.ExpectAsync(WsOpcode.Text, payload);
        await client.ExpectAsync(WsOpcode.Pong, [1, 2, 3]);
    }

    [Fact]
    public async Task The_upgrade_may_come_one_byte_at_a_time_with_frames_behind_it()
    {
        using var client = await echo.ConnectAsync();
        byte[] head = [.. "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"u8,
            .. "Sec-WebSocket-Protocol: v10.stomp, v12.stomp\r\nSec-WebSocket-Version: 13\r\n"u8,
            .. "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"u8];

        await client.SendByteByByteAsync(head[..^2]);
        await client.SendAsync([.. head[^2..], .. ClientFrame.Text("early")]);

        Assert.Contains("\r\nSec-WebSocket-Protocol: v12.stomp\r\n", await client.ReceiveHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(WsOpcode.Text, "early"u8.ToArray());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 426 ")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "HTTP/1.1 426 ")]
    [InlineData("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("nonsense\r\n", "HTTP/1.1 400 ")]
    public async Task What_is_no_upgrade_is_refused_and_closed(string head, string expected)
    {
        using var client = await echo.ConnectAsync();

        await client.SendAsync(Encoding.ASCII.GetBytes(head));

        Assert.StartsWith(expected, await client.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public async Task Pings_are_answered_with_their_payload(int size)
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync(ClientFrame.Make(WsOpcode.Pong, [9]), ClientFrame.Make(WsOpcode.Ping, ClientFrame.Pattern(size)));

        await client.ExpectAsync(WsOpcode.Pong, ClientFrame.Pattern(size));
    }

    [Fact]
    public async Task Pings_between_fragments_are_answered_before_the_message()
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync(
            ClientFrame.Text("one ", fin: false),
            ClientFrame.Make(WsOpcode.Ping, "a"u8),
            ClientFrame.Make(WsOpcode.Continuation, "two "u8, fin: false),
            ClientFrame.Make(WsOpcode.Continuation, [], fin: false),
            ClientFrame.Make(WsOpcode.Ping, "b"u8),
            ClientFrame.Make(WsOpcode.Continuation, "three"u8));

        await client.ExpectAsync(WsOpcode.Pong, "a"u8.ToArray());
        await client.ExpectAsync(WsOpcode.Pong, "b"u8.ToArray());
        await client.ExpectAsync(WsOpcode.Text, "one two three"u8.ToArray());
    }

    [Fact]
    public async Task A_megabyte_in_small_fragments_comes_back_as_one_message()
    {
        using var client = await echo.OpenAsync();
        var payload = ClientFrame.Pattern(1 << 20);
        var pieces = payload.Chunk(1000).ToArray();

        for (var i = 0; i < pieces.Length; i++)
        {
            var opcode = i == 0 ? WsOpcode.Binary : WsOpcode.Continuation;
            await client.SendAsync(ClientFrame.Make(opcode, pieces[i], fin: i == pieces.Length - 1, key: (uint)(i * 0x01234567)));
        }

        await client.ExpectAsync(WsOpcode.Binary, payload);
    }

    [Theory]
    [InlineData("C18500000000", Protocol)] // RSV1 to RSV3
    [InlineData("A18000000000", Protocol)]
    [InlineData("918000000000", Protocol)]
    [InlineData("D98000000000", Protocol)]
    [InlineData("838000000000", Protocol)] // reserved opcodes
    [InlineData("878000000000", Protocol)]
    [InlineData("8B8000000000", Protocol)]
    [InlineData("8F8000000000", Protocol)]
    [InlineData("098000000000", Protocol)] // control frames in fragments and too long
    [InlineData("088000000000", Protocol)]
    [InlineData("89FE007E00000000", Protocol)]
    [InlineData("808000000000", Protocol)] // fragmentation
    [InlineData("008000000000", Protocol)]
    [InlineData("018000000000818000000000", Protocol)]
    [InlineData("8100", Protocol)] // not masked
    [InlineData("81FE0001", Protocol)] // length forms
    [InlineData("81FF0000000000000001", Protocol)]
    [InlineData("81FF8000000000000000", Protocol)]
    [InlineData("81FF0000000100000000", TooBig)]
    [InlineData("88810000000003", Protocol)] // close frames
    [InlineData("88830000000003E8FF", Protocol)]
    [InlineData("818100000000FF", InvalidPayload)] // UTF-8
    [InlineData("818200000000C328", InvalidPayload)]
    [InlineData("818300000000EDA080", InvalidPayload)]
    [InlineData("818200000000E282", InvalidPayload)]
    [InlineData("01810000000061808100000000BF", InvalidPayload)]
    public async Task A_fault_is_answered_with_its_code_after_what_was_right(string hex, int code)
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync([.. ClientFrame.Text("before"), .. Convert.FromHexString(hex)]);

        await client.ExpectAsync(WsOpcode.Text, "before"u8.ToArray());
        await client.ExpectCloseAsync(code);
    }

    [Fact]
    public async Task Invalid_text_fails_before_its_frame_and_message_are_whole()
    {
        using var client = await echo.OpenAsync();
        var frame = ClientFrame.Make(WsOpcode.Text, [.. ClientFrame.Pattern(100), 0xF4, 0x90, .. ClientFrame.Pattern(100)], fin: false);

        await client.SendAsync(frame[..^100]);

        await client.ExpectCloseAsync(InvalidPayload);
    }

    [Fact]
    public async Task A_character_may_be_cut_between_fragments()
    {
        using var client = await echo.OpenAsync();
        var text = "κόσμε 😀"u8.ToArray();

        for (var i = 0; i < text.Length; i++)
        {
            var opcode = i == 0 ? WsOpcode.Text : WsOpcode.Continuation;
            await client.SendAsync(ClientFrame.Make(opcode, text.AsSpan(i, 1), fin: i == text.Length - 1));
        }

        await client.ExpectAsync(WsOpcode.Text, text);
    }

    [Fact]
    public async Task A_message_of_many_fragments_is_limited_too()
    {
        using var client = await echo.OpenAsync();
        var fragment = ClientFrame.Make(WsOpcode.Continuation, new byte[8 << 20], fin: false);

        await client.SendAsync(
            ClientFrame.Make(WsOpcode.Binary, new byte[8 << 20], fin: false), fragment, ClientFrame.Make(WsOpcode.Continuation, [1]));

        await client.ExpectCloseAsync(TooBig);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1003)]
    [InlineData(1007)]
    [InlineData(1011)]
    [InlineData(1014)]
    [InlineData(3000)]
    [InlineData(3999)]
    [InlineData(4000)]
    [InlineData(4999)]
    public async Task Legal_close_codes_are_answered_alike(int code)
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync([.. ClientFrame.Close((ushort)code, "bye"u8), .. ClientFrame.Text("after the end")]);

        await client.ExpectCloseAsync(code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(1004)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(1016)]
    [InlineData(2000)]
    [InlineData(2999)]
    [InlineData(5000)]
    [InlineData(65535)]
    public async Task Illegal_close_codes_are_a_protocol_error(int code)
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync(ClientFrame.Close((ushort)code));

        await client.ExpectCloseAsync(Protocol);
    }

    [Fact]
    public async Task A_close_without_a_code_is_answered_without_one()
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync(ClientFrame.Make(WsOpcode.Close, []));

        await client.ExpectAsync(WsOpcode.Close, []);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_client_that_ignores_a_close_is_dropped()
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync(Convert.FromHexString("FF"));

        Assert.Equal(WsOpcode.Close, (await client.ReceiveAsync()).Opcode);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_close_amid_a_message_ends_it_without_an_echo()
    {
        using var client = await echo.OpenAsync();

        await client.SendAsync(ClientFrame.Text("half", fin: false), ClientFrame.Close(1000, ClientFrame.Pattern(123)));

        await client.ExpectCloseAsync(1000);
    }
}
