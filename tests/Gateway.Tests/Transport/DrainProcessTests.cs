using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>SIGTERM under load: nothing that was accepted is lost, and everybody is told.</summary>
public sealed partial class DrainProcessTests
{
    [Fact]
    public async Task A_node_under_load_goes_without_losing_a_message()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            "--FastPush:Drain:TimeoutMs=30000",
            "--FastPush:Drain:ReadinessMs=4000",
            "--FastPush:Drain:SpreadMs=500",
            "--FastPush:Offline:Messages=100000");
        using var carol = await RawClient.StompAsync(gateway, "carol");
        await carol.SubscribeAsync("/user/queue/q");
        using var dave = await RawClient.StompAsync(gateway, "dave");
        await dave.SubscribeAsync("/user/queue/q", "ack:client-individual\n");
        using var alice = await RawClient.StompAsync(gateway, "alice");
        await alice.SubscribeAsync("/topic/load");
        using var bob = await RawClient.StompAsync(gateway, "bob");
        var listeners = new[] { carol, dave, alice }.Select(ListenAsync).ToArray();
        var publishing = PublishAsync(bob);

        await Deadline.Until(async () => await gateway.MetricAsync("push_messages_published") > 200);
        var since = Stopwatch.GetTimestamp();
        gateway.Terminate();
        await Deadline.Until(async () => (await gateway.Http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable);
        using (var late = await RawClient.OpenAsync(gateway))
        {
            await late.SendAsync(RawClient.Upgrade());
            var (head, _) = await late.ResponseAsync();
            Assert.StartsWith("HTTP/1.1 503", head, StringComparison.Ordinal);
            Assert.Contains("Retry-After:", head, StringComparison.OrdinalIgnoreCase);
        }

        var receipts = await publishing;
        var heard = await Task.WhenAll(listeners);
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 4, 35);

        // Of each round one message goes to the topic, one to carol, one to dave, who acknowledges nothing. Every receipt stands for
        // a message that was delivered or waits; the close may come between the last publish and its receipt.
        var (toCarol, toDave) = (receipts.Count(r => r == "carol"), receipts.Count(r => r == "dave"));
        var queued = int.Parse(QueuedMessages().Match(gateway.Log).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        Assert.InRange(heard[0].Count + queued, toCarol + toDave, toCarol + toDave + 1);
        Assert.InRange(heard[0].Count, 50, toCarol + 1);
        Assert.Equal(Enumerable.Range(0, heard[0].Count), heard[0]);
        Assert.Equal(Enumerable.Range(0, heard[2].Count), heard[2]);
        gateway.AssertNoFaults();
    }

    [Fact]
    public async Task An_idle_node_goes_at_once()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        var since = Stopwatch.GetTimestamp();
        gateway.Terminate();
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 20);
        gateway.AssertNoFaults();
    }

    // Publishes in rounds until it is told to go; gives back whom the accepted messages were for.
    private static async Task<List<string>> PublishAsync(RawClient bob)
    {
        var receipts = new List<string>();
        for (var round = 0; ; round++)
        {
            await bob.StompAsync(
                $"SEND\ndestination:/topic/load\nreceipt:alice\n\n{round}",
                $"SEND\ndestination:/user/carol/queue/q\nreceipt:carol\n\n{round}",
                $"SEND\ndestination:/user/dave/queue/q\nreceipt:dave\n\n{round}");
            for (var i = 0; i < 3; i++)
            {
                var frame = await bob.NextAsync();
                if (frame.Command == "CLOSE")
                {
                    await LeaveAsync(bob, frame);
                    return receipts;
                }

                Assert.Equal("RECEIPT", frame.Command);
                receipts.Add(frame["receipt-id"]);
            }
        }
    }

    private static async Task<List<int>> ListenAsync(RawClient client)
    {
        var heard = new List<int>();
        while (true)
        {
            var frame = await client.NextAsync();
            if (frame.Command == "CLOSE")
            {
                await LeaveAsync(client, frame);
                return heard;
            }

            Assert.Equal("MESSAGE", frame.Command);
            heard.Add(int.Parse(frame.Body, CultureInfo.InvariantCulture));
        }
    }

    private static async Task LeaveAsync(RawClient client, ServerFrame close)
    {
        Assert.Equal(1012, close.Code);
        using var hint = JsonDocument.Parse(close.Body);
        Assert.InRange(hint.RootElement.GetProperty("retryAfterMs").GetInt32(), 500, 1000);
        await client.SendAsync(ClientBytes.Close(1012));
        Assert.Empty(await client.ToEndAsync());
    }

    [GeneratedRegex(@"(\d+) messages wait for their users")]
    private static partial Regex QueuedMessages();
}
