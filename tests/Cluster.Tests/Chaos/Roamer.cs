using System.Globalization;
using FastPush.Protocol.Ids;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// A user's client that stays a while on a node, over STOMP or as an event stream, goes (in order, or its machine is gone) and comes back
/// elsewhere.
/// <para>A stream acknowledges nothing, and what was under way when it broke is not sent again by itself. So its client remembers the
/// greatest id it saw, and after a stream asks for what is newer than that less <see cref="Overlap"/>, since messages of several
/// publishers may come in another order than that of their ids. It asks so on each connection, until a message comes that was sent after
/// that: what is older has come before it.</para>
/// </summary>
internal sealed class Roamer(ChaosRound round, string user)
{
    // 5 s of ids, which hold milliseconds above 22 bits of server and sequence.
    private const long Overlap = 5_000L << 22;

    private readonly Random _random = round.Clock.RandomOf(user);
    private readonly string[] _prefetch = ["prefetch-count:1", "prefetch-count:5", ""];
    private long _greatestId;
    private bool _mustResume;

    // An id of this connection's beginning.
    private long _resumedAt = long.MaxValue;

    public string User => user;

    public async Task RunAsync()
    {
        while (!round.Clock.IsOver)
        {
            try
            {
                await (_random.Next(3) == 0 ? StreamAsync() : StompAsync());
            }
            catch (Exception e) when (Broken.Is(e))
            {
                await round.Clock.PauseAsync(_random, 20, 300); // The gateway is gone or refused: on to another.
            }

            await round.Clock.PauseAsync(_random, 1, _random.Next(4) == 0 ? 3_000 : 300);
        }
    }

    /// <summary>Comes for the last time and stays: acknowledges all that comes until the caller cancels.</summary>
    public async Task<StompClient> SettleAsync(Place place, List<Task> running, CancellationToken end)
    {
        var (stay, resume) = Open(place, isStream: false);
        var client = await StompClient.ConnectAsync(place.Address, round.Stage.Signer.Sign(user));
        await client.SubscribeAsync("/user/queue/q", "0", "ack:client-individual", resume);
        running.Add(new StompStay(round.Journal, stay, client, _random, Saw).AcknowledgeAllAsync(end));
        return client;
    }

    private async Task StompAsync()
    {
        var place = round.Stage.At(_random.Next(Stage.Size));
        var (stay, resume) = Open(place, isStream: false);
        await using var client = await StompClient.ConnectAsync(
            place.Address, round.Stage.Signer.Sign(user), within: Broken.Patience);
        var reading = new StompStay(round.Journal, stay, client, _random, Saw);
        using var end = Stop(_random.Next(100, 6_000));
        try
        {
            await client.SubscribeAsync("/user/queue/q", "0", "ack:client-individual", _prefetch[_random.Next(3)], resume)
                .WaitAsync(Broken.Patience);
            _resumedAt = Snowflake.FirstId(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            await client.SubscribeAsync($"/topic/{round.Topics[_random.Next(round.Topics.Length)]}", "1").WaitAsync(Broken.Patience);
            await reading.ReadAsync(end.Token);
            if (_random.Next(2) == 0)
            {
                await reading.AnswerHeldAsync();
                await client.CallAsync("DISCONNECT", []).WaitAsync(Broken.Patience);
            }
        }
        finally
        {
            await reading.EndAsync();
            _resumedAt = long.MaxValue;
            round.Journal.Closed(stay);
        }
    }

    private async Task StreamAsync()
    {
        var place = round.Stage.At(_random.Next(Stage.Size));
        var topic = $"/topic/{round.Topics[_random.Next(round.Topics.Length)]}";
        _mustResume = true;
        var (stay, _) = Open(place, isStream: true);
        var from = stay.ResumedFrom!.Value.ToString(CultureInfo.InvariantCulture);
        var client = await SseClient.OpenAsync(place.Address, round.Stage.Signer.Sign(user), from, "/user/queue/q", topic);
        try
        {
            using var end = Stop(_random.Next(100, 6_000));
            while (await client.Events.WaitToReadAsync(end.Token))
            {
                Take(stay, client);
            }
        }
        catch (OperationCanceledException)
        {
            // The stay is over.
            round.Journal.Closed(stay);
        }
        finally
        {
            await client.DisposeAsync();
            Take(stay, client);
            round.Journal.Closed(stay);
        }
    }

    private (Stay Stay, string Resume) Open(Place place, bool isStream)
    {
        long? from = isStream || _mustResume ? Math.Max(0, _greatestId - Overlap) : null;
        var header = from is { } id ? string.Create(CultureInfo.InvariantCulture, $"last-event-id:{id}") : "";
        return (round.Journal.Open(user, place.Process, isStream, from), header);
    }

    private void Take(Stay stay, SseClient client)
    {
        while (client.Events.TryRead(out var message))
        {
            if (message.Type == "gap")
            {
                continue; // It says that the topic's history does not reach back so far; topics promise no more.
            }

            var id = long.Parse(message.MessageId, CultureInfo.InvariantCulture);
            Saw(id);
            round.Journal.Came(stay, message.Data, id, isMarked: false);
        }
    }

    private void Saw(long id)
    {
        _greatestId = Math.Max(_greatestId, id);
        _mustResume &= id < _resumedAt;
    }

    private CancellationTokenSource Stop(int afterMs)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(round.Clock.Over);
        end.CancelAfter(afterMs);
        return end;
    }
}
