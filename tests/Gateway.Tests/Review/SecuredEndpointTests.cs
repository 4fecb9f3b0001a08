using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FastPush.Gateway.Tests.Testing;
using FastPush.Redis.Testing;

namespace FastPush.Gateway.Tests.Review;

/// <summary>A port with TLS gives nothing to a client that does not speak it.</summary>
public sealed class SecuredEndpointTests
{
    [Theory]
    [InlineData("auto")]
    [InlineData("kestrel")]
    public async Task An_upgrade_in_plain_text_is_not_accepted_behind_the_back_of_TLS(string transport)
    {
        var file = Path.GetTempFileName();
        try
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx, "x"));
            var safe = Ports.Free();
            await using var gateway = await GatewayProcess.StartAsync(
                $"--FastPush:Engine:Transport={transport}",
                "--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:0",
                $"--Kestrel:Endpoints:Safe:Url=https://127.0.0.1:{safe}",
                $"--Kestrel:Endpoints:Safe:Certificate:Path={file}",
                "--Kestrel:Endpoints:Safe:Certificate:Password=x");
            using var plain = new TcpClient();
            await plain.ConnectAsync(IPAddress.Loopback, safe);
            Assert.DoesNotContain("101", await AskAsync(plain.GetStream()), StringComparison.Ordinal);

            using var secured = new TcpClient();
            await secured.ConnectAsync(IPAddress.Loopback, safe);
            await using var tls = new SslStream(
                secured.GetStream(), false, (_, seen, _, _) => seen!.GetCertHashString() == certificate.GetCertHashString());
            await tls.AuthenticateAsClientAsync("localhost");
            Assert.StartsWith("HTTP/1.1 101", await AskAsync(tls), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<string> AskAsync(Stream stream)
    {
        var buffer = new byte[1024];
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(RawClient.Upgrade()), Deadline.Token());
            var read = await stream.ReadAsync(buffer, Deadline.Token());
            return Encoding.Latin1.GetString(buffer, 0, read);
        }
        catch (IOException e)
        {
            return e.GetType().Name; // Reset: refused as well.
        }
    }
}
