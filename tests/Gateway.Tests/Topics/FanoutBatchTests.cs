using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Topics;

[Collection(NodeCollection.Name)]
public sealed class FanoutBatchTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData(true, "/topic/a", "/topic/b", "/topic/a")]
    [InlineData(true, "/topic/a", "/topic/b", "/topic/c")]
    [InlineData(false, "/topic/a", "/topic/b", "/topic/a")]
    [InlineData(false, "/topic/a", "/topic/b", "/topic/c")]
    public void A_session_is_sent_to_once_in_a_batch_whatever_its_topics(bool hasOneForAll, params string[] topics)
    {
        var clients = topics.Distinct().Select(topic => (Wants: new[] { topic }, Client: _node.Connect(topic).Subscribe(topic))).ToList();
        if (hasOneForAll)
        {
            var all = _node.Connect("all");
            clients.Add((topics, all));
            Assert.All(topics.Distinct().Index(), t => all.Subscribe(t.Item, id: $"{t.Index}"));
        }

        var before = clients.Select(c => c.Client.Link.Sends).ToList();
        _node.Connect("sender").Send([.. topics.Select((topic, i) => $"SEND\ndestination:{topic}\n\n{i}")]);
        Assert.Equal(before.Select(sends => sends + 1), clients.Select(c => c.Client.Link.Sends));
        Assert.All(clients, c => Assert.Equal(
            topics.Index().Where(t => c.Wants.Contains(t.Item)).Select(t => $"{t.Index}"), c.Client.TakeBodies().Order()));
    }
}
