using FastPush.Gateway.Auth;
using FastPush.Redis.Testing;
using Microsoft.AspNetCore.Http;

namespace FastPush.Gateway.Tests.Auth;

/// <summary>Keys by URL, from an issuer that rotates them, hangs, fails and floods.</summary>
public sealed class FetchedKeysTests : IAsyncLifetime
{
    private static readonly TestSigner s_one = new(kid: "one");
    private static readonly TestSigner s_two = new(kid: "two");
    private readonly List<string> _faults = [];
    private TestIssuer _issuer = null!;

    public async Task InitializeAsync() => _issuer = await TestIssuer.StartAsync();

    public async Task DisposeAsync() => await _issuer.DisposeAsync();

    private KeySource Open(bool byDiscovery, bool httpsOnly = false) => KeySource.Fetched(
        byDiscovery
            ? TestSigner.Options with { Issuer = null, Authority = _issuer.Url }
            : TestSigner.Options with { JwksUrl = _issuer.Url + "/keys" },
        httpsOnly,
        refreshEvery: TimeSpan.FromSeconds(1));

    private Task PollUntilAsync(KeySource source, Func<bool> condition, string what) => Deadline.Until(
        () =>
        {
            source.Reload(out var fault);
            if (fault.Length > 0)
            {
                _faults.Add(fault);
            }

            return condition();
        },
        what: what);

    private static bool Knows(KeySource source, TestSigner signer) => source.Current.Keys.Find(signer.Key().Kid) is not null;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keys_are_fetched(bool byDiscovery)
    {
        _issuer.Serve(s_one);
        using var source = Open(byDiscovery);
        Assert.Equal(0, source.Current.Keys.Count);
        await PollUntilAsync(source, () => Knows(source, s_one), "the keys are there");
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task A_token_of_a_new_key_has_the_set_fetched_anew_and_what_is_unchanged_replaces_nothing()
    {
        _issuer.Serve(s_one);
        using var source = Open(byDiscovery: false);
        var time = new ManualTimeProvider(DateTimeOffset.FromUnixTimeSeconds(TestSigner.Now));
        var verifier = new TokenVerifier(source, TestSigner.Options, time);
        await PollUntilAsync(source, () => verifier.HasKeys, "the keys are there");
        var generation = source.Current.Generation;
        var stranger = s_two.Sign(TestSigner.Claims(), """{"alg":"RS256","kid":"two"}""");
        Assert.Null(verifier.Verify(stranger, out var fault));
        Assert.Equal(AuthFault.UnknownKey, fault);
        await PollUntilAsync(source, () => _issuer.Fetches == 2, "the set is fetched anew");
        Assert.Equal(generation, source.Current.Generation);

        _issuer.Serve(s_one, s_two);
        await PollUntilAsync(source, () => verifier.Verify(stranger, out _) is not null, "the new key is in force");
    }

    [Fact]
    public async Task Strangers_with_invented_keys_cost_the_issuer_one_request_in_the_interval()
    {
        _issuer.Serve(s_one);
        using var source = KeySource.Fetched(TestSigner.Options with { JwksUrl = _issuer.Url + "/keys" }, httpsOnly: false);
        await PollUntilAsync(source, () => Knows(source, s_one), "the keys are there");
        source.OnUnknownKey();
        await PollUntilAsync(source, () => _issuer.Fetches == 2, "the set is fetched anew");
        for (var i = 0; i < 100; i++)
        {
            source.OnUnknownKey();
            source.Reload(out _);
        }

        Assert.Equal(2, _issuer.Fetches);
    }

    [Theory]
    [InlineData("500")]
    [InlineData("10 MB")]
    [InlineData("garbage")]
    [InlineData("redirect")]
    public async Task The_last_good_keys_stay_and_the_fault_is_told_once(string failure)
    {
        _issuer.Serve(s_one);
        using var source = Open(byDiscovery: false);
        await PollUntilAsync(source, () => Knows(source, s_one), "the keys are there");
        _issuer.Answer = context => Spoil(context, failure);
        await PollUntilAsync(
            source,
            () =>
            {
                source.OnUnknownKey();
                return _faults.Count > 0;
            },
            "the fault is told");
        Assert.Contains("/keys: ", Assert.Single(_faults), StringComparison.Ordinal);
        Assert.True(Knows(source, s_one));
        Assert.Equal(KeyReload.Unchanged, source.Reload(out var again));
        Assert.Empty(again);
    }

    [Fact]
    public async Task An_issuer_that_fails_at_first_is_asked_again()
    {
        _issuer.Answer = context => Spoil(context, "500");
        using var source = Open(byDiscovery: true);
        await PollUntilAsync(source, () => _faults.Count > 0, "the fault is told");
        Assert.Equal(0, source.Current.Keys.Count);
        _issuer.Serve(s_two);
        await PollUntilAsync(source, () => Knows(source, s_two), "the keys are there");
    }

    [Fact]
    public async Task A_fetch_that_hangs_holds_nobody_up()
    {
        var over = new TaskCompletionSource();
        _issuer.Answer = _ => over.Task;
        using var source = Open(byDiscovery: false);
        await PollUntilAsync(source, () => _issuer.Fetches == 1, "the set is asked for");
        Assert.Equal(KeyReload.Unchanged, source.Reload(out var fault));
        Assert.Empty(fault);
        Assert.Equal(1, _issuer.Fetches);
        over.SetResult();
    }

    [Fact]
    public async Task Metadata_of_another_issuer_is_refused()
    {
        _issuer.Serve(s_one);
        _issuer.Metadata = $$"""{"issuer":"https://other.example","jwks_uri":"{{_issuer.Url}}/keys"}""";
        using var source = Open(byDiscovery: true);
        await PollUntilAsync(source, () => _faults.Count > 0, "the fault is told");
        Assert.Contains("https://other.example", _faults[0], StringComparison.Ordinal);
        Assert.Equal(0, source.Current.Keys.Count);
    }

    [Fact]
    public async Task Nothing_is_fetched_in_the_clear_where_https_is_asked_for()
    {
        _issuer.Serve(s_one);
        using var source = Open(byDiscovery: true, httpsOnly: true);
        await PollUntilAsync(source, () => _faults.Count > 0, "the fault is told");
        Assert.Equal(0, _issuer.Fetches);
    }

    /// <summary>The process: it is not ready, and says for what it waits, until the issuer has answered.</summary>
    [Fact]
    public async Task A_node_whose_issuer_is_away_starts_and_serves_when_it_is_back()
    {
        _issuer.Answer = context => Spoil(context, "500");
        await using var gateway = await GatewayProcess.StartAsync(
            ["--urls=http://127.0.0.1:0", $"--FastPush:Jwt:Authority={_issuer.Url}", "--FastPush:Jwt:Audience=aud"], GatewayState.Live);
        Assert.Equal(503, await gateway.StatusAsync("/health/ready"));
        using var ready = await gateway.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Contains("it waits for the keys of tokens", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var refused = await gateway.Http.PostAsync(new Uri("/api/v1/messages", UriKind.Relative), null);
        Assert.Equal(503, (int)refused.StatusCode);
        _issuer.Serve(s_one);
        await gateway.UntilAsync(GatewayState.Ready);
        var claims = $$"""{"iss":"{{_issuer.Url}}","aud":"aud","sub":"u","exp":4000000000}""";
        var token = System.Text.Encoding.ASCII.GetString(s_one.Sign(claims, """{"alg":"RS256","kid":"one"}"""));
        Assert.Equal(200, await gateway.StatusAsync($"/api/v1/presence/u?token={token}"));
    }

    private static Task Spoil(HttpContext context, string failure)
    {
        switch (failure)
        {
            case "500":
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                return Task.CompletedTask;
            case "redirect":
                context.Response.Redirect("/.well-known/openid-configuration");
                return Task.CompletedTask;
            case "garbage":
                return context.Response.WriteAsync("""{"keys":[{"kty":"RSA"}]}""");
            default:
                return context.Response.WriteAsync(new string(' ', 10 << 20));
        }
    }
}
