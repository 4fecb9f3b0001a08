using System.Net.WebSockets;
using FastPush.Protocol.Tests.WebSocket;

namespace FastPush.Protocol.Tests.Conformance;

/// <summary>A client that is not ours understands what the codec writes.</summary>
public class ClientWebSocketTests(EchoFixture echo) : IClassFixture<EchoFixture>
{
    [Fact]
    public async Task The_client_of_the_runtime_agrees_on_the_subprotocol_echoes_and_closes()
    {
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("mqtt");
        client.Options.AddSubProtocol("v11.stomp");
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{echo.Port}/"), hang.Token);
        Assert.Equal("v11.stomp", client.SubProtocol);

        foreach (var size in new[] { 0, 125, 126, 65535, 65536, 300_000 })
        {
            var sent = ClientFrame.Pattern(size);
            await client.SendAsync(sent, WebSocketMessageType.Text, endOfMessage: true, hang.Token);
            var received = new byte[size + 1];
            var length = 0;
            ValueWebSocketReceiveResult result;
            do
            {
                result = await client.ReceiveAsync(received.AsMemory(length), hang.Token);
                length += result.Count;
            }
            while (!result.EndOfMessage);
            Assert.Equal(WebSocketMessageType.Text, result.MessageType);
            Assert.True(sent.AsSpan().SequenceEqual(received.AsSpan(0, length)));
        }

        await client.CloseAsync((WebSocketCloseStatus)3001, "bye", hang.Token);
        Assert.Equal(WebSocketState.Closed, client.State);
        Assert.Equal((WebSocketCloseStatus)3001, client.CloseStatus);
        Assert.Equal("bye", client.CloseStatusDescription);
    }
}
