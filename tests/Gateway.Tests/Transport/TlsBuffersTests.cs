using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Transport;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>OpenSSL's mode is set on real connections, and they carry data both ways as before.</summary>
public sealed class TlsBuffersTests
{
    /// <summary>A new runtime may call its handle something else: then this fails, and connections would cost 15 kB more.</summary>
    [Fact]
    public void This_runtime_and_its_TLS_library_are_known() =>
        Assert.Equal(OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3, TlsBuffers.IsSupported);

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Records_of_all_sizes_pass_both_ways(SslProtocols protocol)
    {
        using var certificate = SelfSigned();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new TcpClient();
        await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Deadline.Token());
        using var accepted = await listener.AcceptTcpClientAsync(Deadline.Token());
        await using var client = new SslStream(
            socket.GetStream(), false, (_, seen, _, _) => seen!.GetCertHashString() == certificate.GetCertHashString());
        await using var server = new SslStream(accepted.GetStream());
        await Task.WhenAll(
            client.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = protocol }, Deadline.Token()),
            server.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = protocol }, Deadline.Token()));

        Assert.Equal(TlsBuffers.IsSupported, TlsBuffers.TryReleaseWhenIdle(server));

        foreach (var length in new[] { 1, 16_384, 1, 100_000 })
        {
            var sent = RandomNumberGenerator.GetBytes(length);
            Assert.Equal(sent, await PassAsync(client, server, sent));
            Assert.Equal(sent, await PassAsync(server, client, sent));
        }
    }

    [Fact]
    public async Task A_stream_without_a_handshake_is_left_alone()
    {
        await using var stream = new SslStream(new MemoryStream());
        Assert.False(TlsBuffers.TryReleaseWhenIdle(stream));
    }

    private static async Task<byte[]> PassAsync(SslStream from, SslStream to, byte[] bytes)
    {
        var got = new byte[bytes.Length];
        var write = from.WriteAsync(bytes, Deadline.Token()).AsTask();
        await to.ReadExactlyAsync(got, Deadline.Token());
        await write;
        return got;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
