using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// Publishes to users over HTTP. Messages with an idempotency key are sent until they are accepted, on whichever node, and some once more.
/// </summary>
internal sealed class HttpPublisher(ChaosRound round, string name)
{
    private readonly Random _random = round.Clock.RandomOf(name);
    private int _streams;

    public async Task RunAsync()
    {
        while (!round.Clock.IsOver)
        {
            await (_random.Next(2) == 0 ? StayAsync() : WithKeyAsync());
            await round.Clock.PauseAsync(_random, 20, 300);
        }
    }

    // One request after the other on one node, until one fails.
    private async Task StayAsync()
    {
        var place = round.Stage.At(_random.Next(Stage.Size));
        var stream = Stream();
        var count = _random.Next(1, 20);
        for (var sequence = 1; sequence <= count && !round.Clock.IsOver; sequence++)
        {
            var message = round.Journal.Send(stream, sequence, round.Users[_random.Next(round.Users.Length)]);
            if (!await TryPostAsync(message, place))
            {
                return;
            }

            await round.Clock.PauseAsync(_random, 10, 100);
        }
    }

    private async Task WithKeyAsync()
    {
        var message = round.Journal.Send(Stream(), 1, round.Users[_random.Next(round.Users.Length)]);
        message.HasKey = true;
        while (!await TryPostAsync(message, round.Stage.At(_random.Next(Stage.Size))))
        {
            if (round.Clock.IsOver)
            {
                return;
            }

            await round.Clock.PauseAsync(_random, 50, 500);
        }

        if (_random.Next(3) == 0)
        {
            await TryPostAsync(message, round.Stage.At(_random.Next(Stage.Size)));
        }
    }

    private string Stream() => string.Create(CultureInfo.InvariantCulture, $"{name}.{_streams++}");

    private async Task<bool> TryPostAsync(SentMessage message, Place place)
    {
        round.Journal.Note(message, $"posted to {message.User} on {place.Process}");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(place.Address, "/api/v1/messages"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", round.Stage.Signer.Sign(name));
        request.Content = JsonContent.Create(new
        {
            to = new { user = message.User, queue = "q" },
            body = Convert.ToBase64String(Encoding.UTF8.GetBytes(message.Body)),
            contentType = "text/plain",
            idempotencyKey = message.HasKey ? $"{message.User} {message.Body}" : $"once {message.User} {message.Body}",
        });
        try
        {
            using var answer = await round.Stage.Http.SendAsync(request, Deadline.Token(Broken.Patience));
            if (answer.StatusCode == HttpStatusCode.Accepted)
            {
                var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Deadline.Token(Broken.Patience));
                round.Journal.Accepted(message, body.GetProperty("messageId").GetString()!, place);
                return true;
            }

            round.Journal.Note(message, $"not accepted: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception e) when (Broken.Is(e))
        {
            round.Journal.Note(message, $"no answer: {e.Message}");
        }

        return false;
    }
}
