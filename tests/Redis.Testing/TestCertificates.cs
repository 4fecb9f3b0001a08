using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FastPush.Redis.Testing;

/// <summary>An authority made for one test and a certificate of it, as PEM files.</summary>
public sealed class TestCertificates
{
    /// <summary>The name that the certificate is for; it is for 127.0.0.1 as well.</summary>
    public const string Host = "localhost";

    /// <summary>Writes <c>ca.crt</c>, <c>server.crt</c> and <c>server.key</c>.</summary>
    public TestCertificates(TempFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = RSA.Create(2048);
        var authorityRequest = Request("CN=FastPush test authority", authorityKey);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = authorityRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));

        using var key = RSA.Create(2048);
        var request = Request($"CN={Host}", key);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var certificate = request.Create(authority, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));

        AuthorityPath = folder.Write("ca.crt", authority.ExportCertificatePem());
        CertificatePath = folder.Write("server.crt", certificate.ExportCertificatePem());
        KeyPath = folder.Write("server.key", key.ExportPkcs8PrivateKeyPem());
    }

    public string AuthorityPath { get; }

    public string CertificatePath { get; }

    public string KeyPath { get; }

    /// <summary>A client that trusts this authority alone.</summary>
    public SslClientAuthenticationOptions ClientOptions()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPemFile(AuthorityPath);
        return new SslClientAuthenticationOptions { TargetHost = Host, CertificateChainPolicy = policy };
    }

    private static CertificateRequest Request(string name, RSA key) => new(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
}
