using System.Net;
using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>One idempotency key at several nodes at once.</summary>
[Collection(FleetTestGroup.Name)]
public sealed class HedgedRequestTests(FleetFixture fixture)
{
    private readonly Fleet _fleet = fixture.Fleet;

    [Fact]
    public async Task All_get_the_id_of_one_message_which_comes_once()
    {
        const int Rounds = 40;
        var listener = await _fleet.SubscribeAsync(0, "listener.h1", "/topic/h.1");
        var ids = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            var message = new { to = new { topic = "h.1" }, payload = round, idempotencyKey = $"h.{round}" };
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => _fleet.PostAsync(i % 3, message)));
            Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode));
            var bodies = await Task.WhenAll(answers.Select(answer => answer.Content.ReadAsStringAsync()));
            ids.Add(Assert.Single(bodies.Distinct()));
        }

        using var last = await _fleet.PostAsync(0, new { to = new { topic = "h.1" }, payload = Rounds });
        Assert.Equal(Reading.Numbers(0, Rounds).Order(), (await listener.BodiesAsync(Rounds + 1)).Order());
        Assert.Equal(Rounds, ids.Distinct().Count());
    }
}
