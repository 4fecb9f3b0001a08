using System.Net;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FastPush.Gateway.Tests.Http;

public sealed class LocalRequestTests
{
    private static string? Refusal(string peer, string host, params string[] headers)
    {
        var context = new DefaultHttpContext();
        LocalRequest.NotePeer(context.Features, peer.Length == 0 ? null : IPEndPoint.Parse(peer));
        context.Connection.RemoteIpAddress = IPAddress.Loopback; // What a header may have made of it.
        context.Request.Headers.Host = host;
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            context.Request.Headers[header[..colon]] = header[(colon + 1)..];
        }

        return LocalRequest.Refusal(context, new OriginPolicy(["*", "http://app.example:3000"]));
    }

    [Theory]
    [InlineData("127.0.0.1:5000", "localhost:8080")]
    [InlineData("127.0.0.9:5000", "127.0.0.1")]
    [InlineData("[::1]:5000", "[::1]:8080")]
    [InlineData("[::ffff:127.0.0.1]:5000", "LOCALHOST")]
    [InlineData("127.0.0.1:5000", "push.localhost:8080")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "Origin:http://localhost:8080")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "Origin:http://app.example:3000")]
    public void From_this_machine_for_this_machine(string peer, string host, params string[] headers) =>
        Assert.Null(Refusal(peer, host, headers));

    [Theory]
    [InlineData("", "localhost")]
    [InlineData("192.0.2.1:5000", "localhost:8080")]
    [InlineData("192.0.2.1:5000", "localhost:8080", "X-Forwarded-For:127.0.0.1")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "X-Forwarded-For:127.0.0.1")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "X-Original-For:127.0.0.1:9")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "Forwarded:for=127.0.0.1")]
    [InlineData("127.0.0.1:5000", "rebound.example:8080")]
    [InlineData("127.0.0.1:5000", "localhost.example")]
    [InlineData("127.0.0.1:5000", "127.0.0.1.example")]
    [InlineData("127.0.0.1:5000", "192.0.2.1:8080")]
    [InlineData("127.0.0.1:5000", "")]
    [InlineData("127.0.0.1:5000", "rebound.example", "Origin:http://rebound.example")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "Origin:http://evil.example")]
    [InlineData("127.0.0.1:5000", "localhost:8080", "Origin:null")]
    public void Anything_else_is_not(string peer, string host, params string[] headers) => Assert.NotNull(Refusal(peer, host, headers));
}
