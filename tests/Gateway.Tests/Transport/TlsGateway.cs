using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FastPush.Gateway.Tests.Auth;
using FastPush.Redis.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>One gateway process with an endpoint in plain text and one with TLS.</summary>
/// <param name="descriptors">How many it may have open; null = as many as the tests.</param>
/// <param name="arguments">Further ones.</param>
public abstract class TlsGateway(int? descriptors, params string[] arguments) : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly X509Certificate2 _certificate = Make();

    internal GatewayProcess Gateway { get; private set; } = null!;

    public bool IsOurs(X509Certificate? certificate) => certificate?.GetCertHashString() == _certificate.GetCertHashString();

    public async Task InitializeAsync()
    {
        var (path, key) = (_folder["cert.pem"], _folder["key.pem"]);
        await File.WriteAllTextAsync(path, _certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(key, _certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        string[] all =
        [
            // Some tests send more than the default before they read.
            "--FastPush:Limits:OutboxBytes=8388608",
            // Port 0 would be taken for that of the endpoint with TLS, which has the same until it is bound.
            $"--Kestrel:Endpoints:Http:Url=http://127.0.0.1:{Ports.Free()}",
            "--Kestrel:Endpoints:Https:Url=https://127.0.0.1:0",
            $"--Kestrel:Endpoints:Https:Certificate:Path={path}",
            $"--Kestrel:Endpoints:Https:Certificate:KeyPath={key}",
            .. arguments,
        ];
        Gateway = await GatewayProcess.StartAsync(all, GatewayState.Ready, descriptors: descriptors);
    }

    public async Task DisposeAsync() => await Gateway.DisposeAsync();

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
