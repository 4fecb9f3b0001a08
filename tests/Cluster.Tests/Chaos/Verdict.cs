using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// What must hold once everything is mended and every user has come for what waits:
/// <list type="bullet">
/// <item>All gateways are ready, and nothing is left for any user in Redis.</item>
/// <item>Every accepted message to a user has come. Two excuses: a gateway that could not reach Redis accepted it for a client of its own
/// and ended before that was mended; or its bytes were on their way to an event stream that the client cut, and the client then resumed
/// behind it. The second is a coincidence of milliseconds, so of these there may be few.</item>
/// <item>Messages reach everybody again, and their outcomes and all users' presence are known on every gateway.</item>
/// <item>No gateway holds more messages than its histories, and none logged a fault.</item>
/// </list>
/// </summary>
internal sealed class Verdict(ChaosRound round)
{
    // Of what one event stream is cut off from while Redis and gateways fail.
    private const int UnreadMax = 3;

    // A small message has a slot of 256 bytes or less.
    private const long HistoryBytes = 100 * 512;

    private static readonly TimeSpan s_recovery = TimeSpan.FromSeconds(90);

    private int _lostWithGateway;
    private int _unread;

    private Stage Stage => round.Stage;

    private Journal Journal => round.Journal;

    public async Task JudgeAsync(IReadOnlyList<Roamer> roamers)
    {
        await EverybodyIsReadyAsync();
        using var end = new CancellationTokenSource();
        var reading = new List<Task>();
        var clients = new List<StompClient>();
        try
        {
            foreach (var (i, roamer) in roamers.Index())
            {
                clients.Add(await roamer.SettleAsync(Stage.At(i % Stage.Size), reading, end.Token));
            }

            await NothingIsLeftAsync();
            EverythingCame();
            await EverybodyIsReachedAsync();
            await NothingIsLeftAsync();
            await EverybodyIsPresentAsync(sessions: 1);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(reading);
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }

        await EverybodyIsPresentAsync(sessions: 0);
        await MemoryIsFreeAsync();
        NothingWasLogged();
        Assert.True(Journal.Violations.Count == 0, string.Join("\n\n", Journal.Violations.Take(10)));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Journal.Messages.Count} messages, {Journal.Messages.Count(m => m.AcceptedId != 0)} accepted, {Journal.Deliveries} came, "
            + $"{Journal.Repetitions} of them again, {Journal.Stays.Count} connections of users, {Journal.Faults.Count} faults, "
            + $"{_lostWithGateway} ended with a gateway that was cut off from Redis, {_unread} unread on a broken stream");

    private async Task EverybodyIsReadyAsync()
    {
        for (var i = 0; i < Stage.Size; i++)
        {
            var said = "";
            try
            {
                await Deadline.Until(
                    async () => (said = await GetAsync(i, "/health/ready")).Contains("\"UP\"", StringComparison.Ordinal), s_recovery);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"{Stage.At(i).Process} does not become ready: {said}\n{Stage.Gateways[i].Log}");
            }
        }
    }

    // Lists and hashes that are empty do not exist.
    private async Task NothingIsLeftAsync()
    {
        object?[] left = [];
        try
        {
            await Deadline.Until(
                async () => (left = [.. await KeysAsync("push:offline:*"), .. await KeysAsync("push:inflight:*")]).Length == 0, s_recovery);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"left in Redis: {string.Join(", ", await Task.WhenAll(left.Select(DescribeAsync)))}");
        }

        async Task<object?[]> KeysAsync(string pattern) => (object?[])(await Stage.Redis.CommandAsync("KEYS", pattern))!;
    }

    private async Task<string> DescribeAsync(object? key)
    {
        var name = (string)key!;
        var content = name.StartsWith("push:offline:", StringComparison.Ordinal)
            ? await Stage.Redis.CommandAsync("LRANGE", name, "0", "2")
            : await Stage.Redis.CommandAsync("HGETALL", name);
        var histories = Journal.Messages.Where(m => m.Ids.Any(id => Text(content).Contains(Text(id), StringComparison.Ordinal)));
        return $"{name}: {Text(content)}\n{string.Join('\n', histories.Take(3).SelectMany(m => m.History.Prepend(m.Body)))}";

        static string Text(object? value) => value is object?[] list
            ? string.Join(' ', list.Select(Text))
            : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
    }

    private void EverythingCame()
    {
        foreach (var message in Journal.Messages)
        {
            if (message.AcceptedId == 0 || message.User is null || message.CopyOf(message.AcceptedId).IsSeen)
            {
                continue;
            }

            if (Journal.Faults.EndedCutOff(message.AcceptedBy!, message.AcceptedAt))
            {
                _lostWithGateway++;
            }
            else if (++_unread > UnreadMax || !WasUnread(message))
            {
                Journal.Violate(message, $"for {message.User} was accepted and never came");
            }
        }
    }

    private bool WasUnread(SentMessage message)
    {
        var stays = Journal.Stays.Where(stay => stay.User == message.User).ToList();
        return stays.Zip(stays.Skip(1)).Any(pair =>
            pair.First.IsStream && pair.First.EndedAt > message.SentAt && pair.Second.ResumedFrom >= message.AcceptedId);
    }

    private async Task EverybodyIsReachedAsync()
    {
        var sent = new List<SentMessage>();
        for (var gateway = 0; gateway < Stage.Size; gateway++)
        {
            var place = Stage.At(gateway);
            await using var publisher = await StompClient.ConnectAsync(place.Address, Stage.Signer.Sign("last"));
            foreach (var (i, user) in round.Users.Index())
            {
                var message = Journal.Send($"last.{place.Process}", i, user);
                var id = await publisher.SendAsync($"/user/{user}/queue/q", message.Body);
                Journal.Accepted(message, id, place);
                sent.Add(message);
            }
        }

        foreach (var message in sent)
        {
            await Deadline.Until(() => message.CopyOf(message.AcceptedId).AckedAt is not null, s_recovery);
        }

        for (var gateway = 0; gateway < Stage.Size; gateway++)
        {
            foreach (var message in sent.Where((_, i) => i % 7 == 0))
            {
                await Deadline.Until(
                    async () => (await OutcomeAsync(gateway, message)).Contains("\"acked\"", StringComparison.Ordinal),
                    s_recovery,
                    $"gateway {gateway} knows that {message.Body} was acknowledged");
            }

            foreach (var message in Journal.Messages.Where(m => m.User is not null && m.AcceptedId != 0).Where((_, i) => i % 50 == 0))
            {
                var outcome = await OutcomeAsync(gateway, message);
                if (outcome.Contains("\"dead\"", StringComparison.Ordinal) || outcome.Contains("\"expired\"", StringComparison.Ordinal))
                {
                    Journal.Violate(message, $"has the outcome {outcome}");
                }
            }
        }
    }

    private async Task EverybodyIsPresentAsync(int sessions)
    {
        for (var gateway = 0; gateway < Stage.Size; gateway++)
        {
            foreach (var user in round.Users)
            {
                var seen = "";
                await Deadline.Until(
                    async () =>
                    {
                        seen = await GetAsync(gateway, $"/api/v1/presence/{user}");
                        return JsonDocument.Parse(seen).RootElement.GetProperty("sessions").GetInt32() == sessions;
                    },
                    s_recovery,
                    $"gateway {gateway} knows of {sessions} sessions of {user}");
            }
        }
    }

    private async Task MemoryIsFreeAsync()
    {
        foreach (var gateway in Stage.Gateways)
        {
            var bound = HistoryBytes * await gateway.MetricAsync("push_topics_active");
            await Deadline.Until(
                async () => await gateway.MetricAsync("push_message_memory_bytes") <= bound,
                what: $"{await gateway.MetricAsync("push_message_memory_bytes")} bytes of messages are kept, {bound} at most by histories");
        }
    }

    private void NothingWasLogged()
    {
        foreach (var log in Stage.Logs)
        {
            foreach (var words in new[] { "crit:", "Unhandled", "   at " })
            {
                Assert.False(log.Contains(words, StringComparison.Ordinal), $"'{words}' was logged:\n{log}");
            }
        }
    }

    private Task<string> OutcomeAsync(int gateway, SentMessage message) =>
        GetAsync(gateway, $"/api/v1/messages/{message.AcceptedId}/deliveries");

    private async Task<string> GetAsync(int gateway, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Stage.At(gateway).Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Stage.Signer.Sign("admin"));
        using var answer = await Stage.Http.SendAsync(request, Deadline.Token());
        return await answer.Content.ReadAsStringAsync();
    }
}
