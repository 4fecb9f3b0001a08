using System.Globalization;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>Sends to users and topics in bursts, each message with a receipt, on one node after the other.</summary>
internal sealed class StompPublisher(ChaosRound round, string name)
{
    private readonly Random _random = round.Clock.RandomOf(name);
    private int _connections;

    public async Task RunAsync()
    {
        while (!round.Clock.IsOver)
        {
            try
            {
                await StayAsync(round.Stage.At(_random.Next(Stage.Size)));
            }
            catch (Exception e) when (Broken.Is(e))
            {
                await round.Clock.PauseAsync(_random, 20, 300); // The gateway is gone or refused: on to another.
            }
        }
    }

    private async Task StayAsync(Place place)
    {
        var stream = string.Create(CultureInfo.InvariantCulture, $"{name}.{_connections++}");
        await using var client = await StompClient.ConnectAsync(
            place.Address, round.Stage.Signer.Sign(name), within: Broken.Patience);
        var end = round.Clock.Now + TimeSpan.FromMilliseconds(_random.Next(500, 15_000));
        var sequence = 0;
        while (round.Clock.Now < end && !round.Clock.IsOver)
        {
            var burst = Enumerable.Range(0, _random.Next(1, 6)).Select(_ => SendAsync(client, place, stream, ++sequence)).ToList();
            await Task.WhenAll(burst);
            await round.Clock.PauseAsync(_random, 20, 300);
        }
    }

    private async Task SendAsync(StompClient client, Place place, string stream, int sequence)
    {
        var user = _random.Next(5) == 0 ? null : round.Users[_random.Next(round.Users.Length)];
        var destination = user is null ? $"/topic/{round.Topics[_random.Next(round.Topics.Length)]}" : $"/user/{user}/queue/q";
        var message = round.Journal.Send(stream, sequence, user);
        round.Journal.Note(message, $"sent to {destination} on {place.Process}");
        try
        {
            var id = await client.SendAsync(destination, message.Body).WaitAsync(Broken.Patience);
            round.Journal.Accepted(message, id, place);
        }
        catch (Exception e) when (Broken.Is(e))
        {
            round.Journal.Note(message, $"not accepted: {e.Message}");
            throw;
        }
    }
}
