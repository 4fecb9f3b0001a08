using System.Net;
using System.Text;
using FastPush.Gateway.Auth;
using Microsoft.AspNetCore.Http.Features;

namespace FastPush.Gateway.Http;

/// <summary>
/// Whether a request was made on this machine, for this machine. Neither what headers say of the client counts, which a proxy or the client
/// may have written, nor a name that happens to lead here (DNS rebinding): the connection itself comes from a loopback address, no proxy
/// stands between, and the host is named as loopback.
/// </summary>
internal static class LocalRequest
{
    // By ASP.NET's forwarded headers the first ones become the second ones once they are taken over.
    private static readonly string[] s_signsOfProxies =
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Original-For", "X-Original-Host", "X-Real-IP", "Via"];

    /// <summary>Notes who is at the other end of a connection, where no header can change it.</summary>
    public static void NotePeer(IFeatureCollection features, EndPoint? peer) => features.Set(new Peer(peer));

    /// <summary>Why the request is not a local one; null when it is.</summary>
    public static string? Refusal(HttpContext context, OriginPolicy origins)
    {
        var request = context.Request;
        var host = request.Headers.Host.ToString();
        var origin = request.Headers.Origin.ToString();
        return context.Features.Get<Peer>()?.Address is not IPEndPoint peer || !IPAddress.IsLoopback(peer.Address)
                ? "on loopback only"
            : s_signsOfProxies.Any(request.Headers.ContainsKey) ? "on loopback only, not through a proxy"
            : !IsLoopback(request.Host.Host) || !IsLoopback(HostString.FromUriComponent(host).Host)
                ? "under a loopback name only (localhost, 127.0.0.1, [::1])"
            : origin.Length > 0 && !origins.Names(Encoding.UTF8.GetBytes(origin), Encoding.UTF8.GetBytes(host))
                ? "to pages of this gateway and of origins that FastPush:Origins names only"
            : null;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private sealed record Peer(EndPoint? Address);
}
