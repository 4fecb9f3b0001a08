using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Transport;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>Decides which endpoints with TLS the engine serves, and makes their contexts.</summary>
internal sealed class TlsEndpoints(Node node, SecuredEndpoints secured)
{
    private readonly Dictionary<IPEndPoint, TlsContext> _made = new(ReferenceEqualityComparer.Instance);

    /// <summary>The engine may have the endpoint: it has no TLS, or such as the engine knows.</summary>
    public bool CanBind(IPEndPoint endpoint)
    {
        if (!secured.TryFind(endpoint, out var listen, out var https))
        {
            return !secured.Contains(endpoint);
        }

        if (node.Options.Engine.Tls == "kestrel")
        {
            return false;
        }

        var why = Refusal(listen, https);
        if (why is null)
        {
            try
            {
                _made[endpoint] = TlsContext.Create(
                    https!.ServerCertificate!, https.ServerCertificateChain, listen.Protocols.HasFlag(HttpProtocols.Http2));
                return true;
            }
            catch (CryptographicException e)
            {
                why = $"its certificate or private key cannot be used ({e.Message})";
            }
        }

        GatewayLog.TlsStaysWithKestrel(node.Log, endpoint.ToString(), why);
        return false;
    }

    /// <summary>The context that <see cref="CanBind"/> made, now the caller's; null = the endpoint has no TLS.</summary>
    public TlsContext? TakeContext(IPEndPoint endpoint) => _made.Remove(endpoint, out var context) ? context : null;

    private static string? Refusal(ListenOptions listen, HttpsConnectionAdapterOptions? https) => https switch
    {
        null => "its certificates depend on the server's name (SNI)",
        _ when !OpenSsl.IsSupported => "OpenSSL 3 is not there",
        { ServerCertificateSelector: not null } => "it chooses certificates by code",
        { ServerCertificate: null } => "it has no certificate",
        { ClientCertificateMode: not ClientCertificateMode.NoCertificate } => "it asks for client certificates",
        { OnAuthenticate: not null } => "it has settings of TLS of its own",
        _ when https.SslProtocols != SslProtocols.None && !https.SslProtocols.HasFlag(SslProtocols.Tls13) => "it has no TLS 1.3",
        _ when listen.Protocols.HasFlag(HttpProtocols.Http3) => "it has HTTP/3",
        _ => null,
    };
}
