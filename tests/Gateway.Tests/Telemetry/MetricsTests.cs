using System.Globalization;
using FastPush.Gateway.Http;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Telemetry;

[Collection(NodeCollection.Name)]
public sealed class MetricsTests
{
    [Fact]
    public void A_latency_counts_in_the_first_bucket_that_holds_it()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(0, 1);
        histogram.Record(0.0001, 2);
        histogram.Record(0.00010001, 3);
        histogram.Record(0.1, 4);
        histogram.Record(10, 5);
        histogram.Record(10.1, 6);
        var counts = Enumerable.Range(0, LatencyHistogram.Bounds.Length + 1).Select(histogram.CountAt).ToArray();
        Assert.Equal((3, 3, 5, 6), (counts[0], counts[1], counts[^2], counts[^1]));
        Assert.Equal(4, counts[LatencyHistogram.Bounds.IndexOf(0.1)]);
        Assert.Equal(21, counts.Sum());
        Assert.Equal(111.0005, histogram.SumSeconds, 3);
    }

    [Fact]
    public void Bounds_rise_and_hold_the_promise_and_the_alert()
    {
        var bounds = LatencyHistogram.Bounds.ToArray();
        Assert.Equal(bounds.Distinct().Order(), bounds);
        Assert.Contains(0.1, bounds);
        Assert.Contains(0.5, bounds);
    }

    [Fact]
    public void The_page_has_the_names_that_operators_were_promised_with_their_values()
    {
        using var node = new TestNode();
        node.Advance(1);
        var alice = node.Connect().Subscribe("/topic/a").Subscribe("/user/queue/q", "ack:client\n", id: "1");
        var bob = node.Connect("bob");
        bob.Publish("/topic/a", "x");
        bob.Publish("/user/alice/queue/q", "y");
        bob.Publish("/user/nobody/queue/q", "z");
        alice.Ack(alice.Take()[1]);
        bob.Send("HELLO\n\n");

        var page = MetricsEndpoint.Render(node.Node);
        foreach (var line in new[]
        {
            "# TYPE push_connections_active gauge",
            "push_connections_active{transport=\"stomp\"} 1",
            "push_connections_active{transport=\"sse\"} 0",
            "push_connections_closed_total{reason=\"protocol\"} 1",
            "# TYPE push_messages_published counter",
            "push_messages_published 3",
            "# TYPE push_messages_delivered counter",
            "push_messages_delivered 2",
            "push_messages_acked 1",
            "# TYPE push_messages_failed counter",
            "push_messages_failed{reason=\"expired\"} 0",
            "# TYPE push_delivery_latency_seconds histogram",
            "push_delivery_latency_seconds_bucket{le=\"0.1\"} 2",
            "push_delivery_latency_seconds_bucket{le=\"+Inf\"} 2",
            "push_delivery_latency_seconds_count 2",
            "# TYPE push_offline_queue_size gauge",
            "push_offline_queue_size 1",
            "push_draining 0",
        })
        {
            Assert.Contains(line + "\n", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_line_is_in_the_text_format_and_every_sample_has_its_type()
    {
        using var node = new TestNode();
        var types = new HashSet<string>();
        foreach (var line in MetricsEndpoint.Render(node.Node).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            if (line[0] == '#')
            {
                Assert.True(words[1] is "HELP" or "TYPE");
                Assert.True(words[1] == "HELP" || types.Add(words[2]), $"{words[2]} has two types");
                continue;
            }

            Assert.Equal(2, words.Length);
            Assert.True(double.TryParse(words[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _), line);
            var name = words[0].Split('{')[0];
            Assert.Contains(types, t => name == t || (name.StartsWith(t, StringComparison.Ordinal) && name[t.Length] == '_'));
        }
    }
}
