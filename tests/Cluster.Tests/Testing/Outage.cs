using System.Net;

namespace FastPush.Cluster.Tests.Testing;

/// <summary>What holds for each gateway whatever is wrong with Redis, and what is asked of it while it lasts.</summary>
internal static class Outage
{
    /// <summary>All say that they are not ready, and live on.</summary>
    public static async Task UnreadyAsync(this Fleet fleet)
    {
        foreach (var gateway in fleet.Gateways)
        {
            await Deadline.Until(async () => await gateway.StatusAsync("/health/ready") == 503);
            await Deadline.Until(async () => await gateway.StatusAsync("/health/live") == 200);
            await Deadline.Until(async () => await gateway.StatusAsync("/actuator/health/readiness") == 503);
            await Deadline.Until(async () => await gateway.StatusAsync("/actuator/health/liveness") == 200);
        }
    }

    /// <summary>
    /// All are ready again, and take messages: while connections come back, a message may still be refused.
    /// </summary>
    public static async Task ReadyAsync(this Fleet fleet)
    {
        for (var i = 0; i < fleet.Gateways.Count; i++)
        {
            await fleet.Gateways[i].UntilAsync(GatewayState.Ready);
            await Deadline.Until(async () =>
            {
                using var answer = await fleet.PostAsync(i, new { to = new { user = "nobody" }, payload = 1 });
                return answer.IsSuccessStatusCode;
            });
        }
    }

    /// <summary>Why a gateway is not ready, in its own words.</summary>
    public static Task<string> ReasonAsync(this GatewayProcess gateway) => ReadAsync(gateway, "/health/ready");

    /// <summary>
    /// Messages pass between clients of the same node: to a topic, and to a user who subscribed before. A message to somebody who is
    /// not there is refused, with the connection or the request, since nobody could keep it.
    /// </summary>
    public static async Task LocalDeliveryAsync(this Fleet fleet, StompClient topicReader, StompClient user, string name)
    {
        await using var alice = await StompClient.ConnectAsync(fleet.Gateways[0].Address, fleet.Signer.Sign("alice"));
        await alice.SendAsync($"/topic/{name}", "to the topic");
        Assert.Equal("to the topic", (await topicReader.NextAsync()).Body);
        await alice.SendAsync($"/user/{name}/queue/q", "to the user");
        Assert.Equal("to the user", (await user.NextAsync()).Body);

        await Assert.ThrowsAsync<ConnectionEndedException>(() => alice.SendAsync("/user/nobody/queue/q", "x"));
        Assert.Equal(1013, (await alice.Ended).Code);
        using var answer = await fleet.PostAsync(0, new { to = new { user = "nobody" }, payload = 1 });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.True(answer.Headers.Contains("Retry-After"));
    }

    /// <summary>Messages pass from node to node, to a user and to a topic.</summary>
    public static async Task EverythingWorksAsync(this Fleet fleet, string name)
    {
        var last = fleet.Gateways.Count - 1;
        await using var bob = await StompClient.ConnectAsync(fleet.Gateways[last].Address, fleet.Signer.Sign($"{name}-after"));
        await using var alice = await StompClient.ConnectAsync(fleet.Gateways[0].Address, fleet.Signer.Sign("alice"));
        await alice.SendAsync($"/user/{name}-after/queue/q", "waits");
        await bob.SubscribeAsync("/user/queue/q", "1", "ack:client-individual");
        await bob.SubscribeAsync($"/topic/{name}-after", "2");
        var first = await bob.NextAsync();
        Assert.Equal("waits", first.Body);
        await bob.AckedAsync(first);
        await alice.SendAsync($"/user/{name}-after/queue/q", "live");
        Assert.Equal("live", (await bob.NextAsync()).Body);
        await alice.SendAsync($"/topic/{name}-after", "topic");
        Assert.Equal("topic", (await bob.NextAsync()).Body);
    }

    /// <summary>One clear line says what is wrong, not one for each try.</summary>
    public static async Task SaysOnceAsync(this GatewayProcess gateway, string words)
    {
        await Deadline.Until(() => gateway.Log.Contains(words, StringComparison.OrdinalIgnoreCase), what: $"the log says '{words}'");
        var lines = gateway.Log.Split('\n').Count(line => line.Contains(words, StringComparison.OrdinalIgnoreCase));
        Assert.True(lines <= 4, $"'{words}' stands in {lines} lines:\n{gateway.Log}");
        Assert.DoesNotContain("   at ", gateway.Log, StringComparison.Ordinal); // No stack traces for what is no fault of the gateway.
        Assert.DoesNotContain("crit:", gateway.Log, StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(GatewayProcess gateway, string path)
    {
        using var answer = await gateway.Http.GetAsync(new Uri(path, UriKind.Relative), Deadline.Token());
        return await answer.Content.ReadAsStringAsync();
    }
}
