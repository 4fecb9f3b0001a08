using System.Globalization;
using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;

namespace FastPush.Gateway.Http;

/// <summary><c>GET /metrics</c>: the gateway's figures in Prometheus text format 0.0.4.</summary>
internal static class MetricsEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", (Node node) => TypedResults.Text(Render(node), "text/plain; version=0.0.4", Encoding.UTF8))
            .WithTags("node");

    /// <summary>The whole page.</summary>
    public static string Render(Node node)
    {
        var page = new StringBuilder(4096);
        var metrics = node.Metrics;
        Type(page, "push_connections_active", "gauge", "Open sessions.");
        var sse = metrics.ActiveOf(WireFormat.ServerSentEvents);
        Line(page, "push_connections_active", "transport=\"stomp\"", metrics.ConnectionsActive - sse);
        Line(page, "push_connections_active", "transport=\"sse\"", sse);
        Type(page, "push_connections_closed_total", "counter", "Sessions that ended, by reason.");
        foreach (var reason in Enum.GetValues<CloseReason>())
        {
            Line(page, "push_connections_closed_total", $"reason=\"{reason.Name()}\"", metrics.ClosedBy(reason));
        }

        Type(page, "push_connections_accepted", "gauge", "Accepted connections of any kind, by whether they have shown a valid token.");
        Line(page, "push_connections_accepted", "proven=\"true\"", node.Connections.Proven);
        Line(page, "push_connections_accepted", "proven=\"false\"", node.Connections.Count - node.Connections.Proven);
        Gauge(page, "push_connections_limit", "Connections of users that this node takes.", node.Connections.Bounds.Proven);
        Counter(page, "push_connections_evicted_total", "Connections without a token, closed for newcomers.", node.Connections.Evictions);
        Counter(page, "push_connections_refused_total", "Connections closed at once for want of a place.", node.Connections.Refusals);
        Counter(page, "push_messages_published", "Messages accepted.", metrics.MessagesPublished);
        Counter(page, "push_messages_delivered", "Deliveries handed to the transport.", metrics.MessagesDelivered);
        Counter(page, "push_messages_acked", "Deliveries acknowledged.", metrics.MessagesAcked);
        Counter(page, "push_messages_redelivered", "Deliveries repeated.", metrics.MessagesRedelivered);
        Type(page, "push_messages_failed", "counter", "Messages given up, by reason.");
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            Line(page, "push_messages_failed", $"reason=\"{GatewayMetrics.Name(kind)}\"", metrics.FailedBy(kind));
        }

        Histogram(page, metrics.DeliveryLatency);
        Gauge(page, "push_offline_queue_size", "Messages that wait for absent users.", node.Offline.Count);
        Gauge(page, "push_topics_active", "Destinations with subscribers or history.", node.Topics.Count);
        Gauge(page, "push_message_memory_bytes", "Bytes that clients make this node keep.", node.Memory.Bytes);
        Gauge(
            page, "push_message_memory_history_bytes", "Bytes of messages in histories, which give way.", node.Histories.Share.Bytes);
        Gauge(page, "push_message_memory_limit_bytes", "FastPush:Limits:MessageMemoryBytes.", node.Memory.BytesMax);
        Counter(page, "push_resume_gaps_total", "Resumes that were told of a gap.", metrics.Gaps);
        Counter(page, "push_engine_stalls_total", "Read batches that held their thread too long.", metrics.EngineStalls);
        if (node.Options.Redis.Length > 0)
        {
            ClusterFigures(page, node);
        }

        Gauge(page, "push_draining", "1 while the node drains.", node.IsDraining ? 1 : 0);
        Counter(page, "dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap.", GC.GetTotalAllocatedBytes());
        Counter(page, "dotnet_gc_collections_total", "Garbage collections, all generations.", GC.CollectionCount(0));
        Gauge(page, "process_working_set_bytes", "Resident memory.", Environment.WorkingSet);
        return page.ToString();
    }

    private static void ClusterFigures(StringBuilder page, Node node)
    {
        var relay = node.Metrics.Relay;
        Gauge(page, "push_ready", "1 while what the fleet needs is there.", node.Fault is null ? 1 : 0);
        Counter(page, "push_relay_received_total", "Messages from other servers.", relay.MessagesReceived);
        Counter(page, "push_relay_dropped_total", "Messages to topics that were not relayed.", relay.MessagesDropped);
        Counter(page, "push_relay_malformed_total", "Relay messages that could not be read.", relay.MessagesMalformed);
        Counter(page, "push_relay_postponed_total", "Steps that went on without Redis, or wait for it.", relay.Postponed);
        if (node.Store is { } store)
        {
            Type(page, "push_redis_circuit_state", "gauge", "1 for the state of the circuit breaker around Redis.");
            foreach (var state in new[] { "closed", "open", "half-open" })
            {
                Line(page, "push_redis_circuit_state", $"state=\"{state}\"", store.Circuit == state ? 1 : 0);
            }

            Counter(page, "push_redis_failures_total", "Calls that failed because of Redis.", store.Failures);
        }
    }

    private static void Histogram(StringBuilder page, LatencyHistogram histogram)
    {
        const string Name = "push_delivery_latency_seconds";
        Type(page, Name, "histogram", "From a message's acceptance to its delivery's hand-over to the transport.");
        long count = 0;
        for (var i = 0; i < LatencyHistogram.Bounds.Length; i++)
        {
            count += histogram.CountAt(i);
            var bound = LatencyHistogram.Bounds[i].ToString(CultureInfo.InvariantCulture);
            Line(page, Name + "_bucket", $"le=\"{bound}\"", count);
        }

        count += histogram.CountAt(LatencyHistogram.Bounds.Length);
        Line(page, Name + "_bucket", "le=\"+Inf\"", count);
        page.Append(CultureInfo.InvariantCulture, $"{Name}_sum {histogram.SumSeconds}\n{Name}_count {count}\n");
    }

    private static void Counter(StringBuilder page, string name, string help, long value)
    {
        Type(page, name, "counter", help);
        page.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static void Gauge(StringBuilder page, string name, string help, long value)
    {
        Type(page, name, "gauge", help);
        page.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static void Type(StringBuilder page, string name, string type, string help) =>
        page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void Line(StringBuilder page, string name, string labels, long value) =>
        page.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {value}\n");
}
