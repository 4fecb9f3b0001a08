using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace FastPush.Cluster.Tests.Testing;

/// <summary>Gateways that share one Redis, each a process of its own, and who talks to them.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly string[] _arguments;
    private readonly IReadOnlyDictionary<string, string>? _environment;
    private readonly List<GatewayProcess> _gateways = [];
    private readonly List<IAsyncDisposable> _owned = [];

    private Fleet(string redis, IReadOnlyDictionary<string, string>? environment, string[] arguments)
    {
        _environment = environment;
        // A Redis that is new may be one that lost its data, and newcomers wait for those who had an id. Here there is nobody to wait for.
        // Quick heart-beats make it quick to join, which takes two; how long the silent count as alive stays as it is. On a busy machine
        // Redis may not get its turn for a second, which is no outage.
        _arguments =
        [
            $"--FastPush:Redis={redis}",
            "--FastPush:Cluster:FreshWaitMs=100",
            "--FastPush:Cluster:HeartBeatMs=250",
            "--FastPush:Cluster:CallTimeoutMs=5000",
            .. arguments,
        ];
    }

    public TokenSigner Signer { get; } = new();

    public IReadOnlyList<GatewayProcess> Gateways => _gateways;

    /// <summary>The gateways' output, for messages of failed tests.</summary>
    public string Log => string.Join("\n", _gateways.Select((gateway, i) => $"-- gateway {i}\n{gateway.Log}"));

    /// <summary>Starts gateways on a Redis that the caller keeps.</summary>
    /// <param name="redis">The value of <c>FastPush:Redis</c>.</param>
    /// <param name="gateways">How many.</param>
    /// <param name="state">What to wait for.</param>
    /// <param name="environment">Further environment variables, for all of them.</param>
    /// <param name="arguments">Further configuration, for all of them.</param>
    public static async Task<Fleet> StartAsync(
        string redis,
        int gateways = 3,
        GatewayState state = GatewayState.Ready,
        IReadOnlyDictionary<string, string>? environment = null,
        params string[] arguments)
    {
        var fleet = new Fleet(redis, environment, arguments);
        try
        {
            fleet._gateways.AddRange(await Task.WhenAll(Enumerable.Range(0, gateways).Select(_ => fleet.StartOneAsync(state))));
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts a new process in the place of one that has ended.</summary>
    public async Task RestartAsync(int gateway, GatewayState state = GatewayState.Ready)
    {
        var next = await StartOneAsync(state);
        await _gateways[gateway].DisposeAsync();
        _gateways[gateway] = next;
    }

    /// <summary>A STOMP connection to one of the gateways; gone with the fleet.</summary>
    public async Task<StompClient> ConnectAsync(int gateway, string user)
    {
        var client = await StompClient.ConnectAsync(_gateways[gateway].Address, Signer.Sign(user));
        Own(client);
        return client;
    }

    /// <summary>A STOMP connection with one subscription, id 0, which is in force.</summary>
    public async Task<StompClient> SubscribeAsync(int gateway, string user, string destination, params string[] headers)
    {
        var client = await ConnectAsync(gateway, user);
        await client.SubscribeAsync(destination, "0", headers);
        return client;
    }

    /// <summary>An event stream of one of the gateways; gone with the fleet.</summary>
    public async Task<SseClient> StreamAsync(int gateway, string user, string? lastEventId, params string[] destinations)
    {
        var client = await SseClient.OpenAsync(_gateways[gateway].Address, Signer.Sign(user), lastEventId, destinations);
        Own(client);
        return client;
    }

    /// <summary>Publishes by HTTP; returns the message id.</summary>
    public async Task<string> PublishAsync(int gateway, object message, string publisher = "backend")
    {
        using var answer = await PostAsync(gateway, message, publisher);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode} {body}");
        return JsonSerializer.Deserialize<JsonElement>(body).GetProperty("messageId").GetString()!;
    }

    /// <summary>Publishes by HTTP, whatever the answer.</summary>
    public async Task<HttpResponseMessage> PostAsync(int gateway, object message, string publisher = "backend", string? token = null)
    {
        using var request = Request(HttpMethod.Post, "/api/v1/messages", publisher, token);
        request.Content = JsonContent.Create(message);
        return await _gateways[gateway].Http.SendAsync(request, Deadline.Token());
    }

    /// <summary>What became of a message, by user, as one gateway knows it; none when it knows nothing.</summary>
    public async Task<Dictionary<string, string>> OutcomesAsync(int gateway, string messageId)
    {
        using var request = Request(HttpMethod.Get, $"/api/v1/messages/{messageId}/deliveries", "admin");
        using var answer = await _gateways[gateway].Http.SendAsync(request, Deadline.Token());
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return [];
        }

        var body = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return body.GetProperty("deliveries").EnumerateArray()
            .ToDictionary(d => d.GetProperty("user").GetString()!, d => d.GetProperty("state").GetString()!);
    }

    /// <summary>Sessions of a user over all gateways, and whether it is known when the last one ended, as one gateway knows it.</summary>
    public async Task<(bool Online, int Sessions, bool WasSeen)> PresenceAsync(int gateway, string user)
    {
        using var request = Request(HttpMethod.Get, $"/api/v1/presence/{user}", "admin");
        using var answer = await _gateways[gateway].Http.SendAsync(request, Deadline.Token());
        var body = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (
            body.GetProperty("online").GetBoolean(),
            body.GetProperty("sessions").GetInt32(),
            body.TryGetProperty("lastSeen", out var seen) && seen.ValueKind == JsonValueKind.String);
    }

    /// <summary>How a question for a user's presence is answered.</summary>
    public async Task<HttpStatusCode> PresenceStatusAsync(int gateway, string user)
    {
        using var request = Request(HttpMethod.Get, $"/api/v1/presence/{user}", "admin");
        using var answer = await _gateways[gateway].Http.SendAsync(request, Deadline.Token());
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        IAsyncDisposable[] owned;
        lock (_owned)
        {
            owned = [.. _owned];
        }

        foreach (var client in owned)
        {
            await client.DisposeAsync();
        }

        await Task.WhenAll(_gateways.Select(gateway => gateway.DisposeAsync().AsTask()));
        Signer.Dispose();
    }

    private Task<GatewayProcess> StartOneAsync(GatewayState state) =>
        GatewayProcess.StartAsync(_arguments, state, Signer, _environment);

    private void Own(IAsyncDisposable client)
    {
        lock (_owned)
        {
            _owned.Add(client);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string user, string? token = null)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("Authorization", "Bearer " + (token ?? Signer.Sign(user)));
        return request;
    }
}
