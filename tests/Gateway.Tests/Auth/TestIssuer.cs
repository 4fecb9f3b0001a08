using FastPush.Redis.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FastPush.Gateway.Tests.Auth;

/// <summary>A real issuer on loopback: discovery and a key set over HTTP, which the test can spoil.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestIssuer(string url)
    {
        Url = url;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        _app = builder.Build();
        Metadata = $$"""{"issuer":"{{url}}","jwks_uri":"{{url}}/keys"}""";
        _app.MapGet("/.well-known/openid-configuration", () => Metadata);
        _app.MapGet("/keys", async context =>
        {
            Interlocked.Increment(ref _fetches);
            await Answer(context);
        });
    }

    private int _fetches;

    public string Url { get; }

    /// <summary>What discovery answers.</summary>
    public string Metadata { get; set; }

    /// <summary>What the key set's URL does.</summary>
    public RequestDelegate Answer { get; set; } = context => context.Response.WriteAsync("""{"keys":[]}""");

    /// <summary>Requests for the key set.</summary>
    public int Fetches => Volatile.Read(ref _fetches);

    public static async Task<TestIssuer> StartAsync()
    {
        var issuer = new TestIssuer($"http://127.0.0.1:{Ports.Free()}");
        await issuer._app.StartAsync();
        return issuer;
    }

    /// <summary>From here on it serves these keys.</summary>
    public void Serve(params TestSigner[] signers)
    {
        var text = $$"""{"keys":[{{string.Join(',', signers.Select(s => s.Jwk))}}]}""";
        Answer = context => context.Response.WriteAsync(text);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
