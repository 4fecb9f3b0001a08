using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// An endpoint's SSL_CTX: TLS 1.3 and nothing else, no tickets and so no resumption and no early data. A connection's SSL object is
/// made from it and freed when the handshake is done.
/// </summary>
internal sealed unsafe class TlsContext : IDisposable
{
    private const int AddChainCertificate = 89; // SSL_CTRL_CHAIN_CERT
    private const int SetSessionCacheMode = 44; // SSL_CTRL_SET_SESS_CACHE_MODE
    private const int SetMinVersion = 123; // SSL_CTRL_SET_MIN_PROTO_VERSION
    private const int Tls13 = 0x0304;
    private const int AlpnOk = 0; // SSL_TLSEXT_ERR_OK
    private const int AlpnNoAck = 3; // SSL_TLSEXT_ERR_NOACK

    private static readonly byte* s_http11 = Permanent("http/1.1"u8);
    private static readonly byte* s_suites =
        Permanent("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\0"u8);

    private nint _handle;

    private TlsContext(nint handle, bool servesHttp2)
    {
        _handle = handle;
        ServesHttp2 = servesHttp2;
    }

    /// <summary>The endpoint has HTTP/2, so clients that offer it are Kestrel's.</summary>
    public bool ServesHttp2 { get; }

    /// <summary>
    /// From a certificate with its private key, and certificates among which its issuers may be. Throws
    /// <see cref="CryptographicException"/> when the key cannot be had or does not fit.
    /// </summary>
    public static TlsContext Create(X509Certificate2 certificate, X509Certificate2Collection? chain, bool servesHttp2)
    {
        var context = new TlsContext(OpenSsl.Check(OpenSsl.NewContext(OpenSsl.ServerMethod())), servesHttp2);
        try
        {
            context.Configure();
            context.UseCertificates(SslStreamCertificateContext.Create(certificate, chain, offline: true));
            context.UseKey(certificate);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>A new SSL object on a non-blocking socket.</summary>
    public nint NewHandshake(int fd)
    {
        var ssl = OpenSsl.Check(OpenSsl.New(_handle));
        OpenSsl.Check(OpenSsl.SetDescriptor(ssl, fd));
        return ssl;
    }

    public void Dispose()
    {
        // Handshakes under way hold a reference of their own.
        OpenSsl.FreeContext(_handle);
        _handle = 0;
    }

    private void Configure()
    {
        OpenSsl.Check(OpenSsl.ControlContext(_handle, SetMinVersion, Tls13, 0));
        OpenSsl.Check(OpenSsl.SetSuites(_handle, s_suites));
        OpenSsl.Check(OpenSsl.SetTickets(_handle, 0));
        _ = OpenSsl.ControlContext(_handle, SetSessionCacheMode, 0, 0); // Returns the mode before.
        OpenSsl.SetKeyLog(_handle, &OnKeyLog);
        OpenSsl.SetAlpnSelect(_handle, &OnAlpn, 0);
    }

    private void UseCertificates(SslStreamCertificateContext certificates)
    {
        WithCertificate(certificates.TargetCertificate, own => OpenSsl.UseCertificate(_handle, own));
        foreach (var issuer in certificates.IntermediateCertificates)
        {
            WithCertificate(issuer, own => OpenSsl.ControlContext(_handle, AddChainCertificate, 1, own));
        }
    }

    private static void WithCertificate(X509Certificate2 certificate, Func<nint, nint> use)
    {
        nint native;
        fixed (byte* der = certificate.RawDataMemory.Span)
        {
            var at = der;
            native = OpenSsl.Check(OpenSsl.ReadCertificate(null, &at, certificate.RawDataMemory.Length));
        }

        try
        {
            OpenSsl.Check(use(native));
        }
        finally
        {
            OpenSsl.FreeCertificate(native);
        }
    }

    private void UseKey(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)certificate.GetRSAPrivateKey() ?? certificate.GetECDsaPrivateKey();
        var pkcs8 = key?.ExportPkcs8PrivateKey() ?? throw new CryptographicException("the certificate has no RSA or ECDSA private key");
        nint native = 0;
        try
        {
            fixed (byte* der = pkcs8)
            {
                var at = der;
                native = OpenSsl.Check(OpenSsl.ReadPrivateKey(null, &at, pkcs8.Length));
            }

            OpenSsl.Check(OpenSsl.UsePrivateKey(_handle, native));
            OpenSsl.Check(OpenSsl.CheckPrivateKey(_handle));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            OpenSsl.FreePrivateKey(native);
        }
    }

    private static byte* Permanent(ReadOnlySpan<byte> bytes)
    {
        var memory = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
        return memory;
    }

    [UnmanagedCallersOnly]
    private static void OnKeyLog(nint ssl, byte* line) => TlsHandshake.TakeSecret(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line));

    // Without ALPN of ours in what is offered the handshake goes on without it, as with Kestrel.
    [UnmanagedCallersOnly]
    private static int OnAlpn(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint argument)
    {
        const int length = 8;
        var ours = new ReadOnlySpan<byte>(s_http11, length);
        for (var rest = new ReadOnlySpan<byte>(offered, (int)offeredLength); rest.Length > 0 && rest.Length > rest[0];)
        {
            if (rest.Slice(1, rest[0]).SequenceEqual(ours))
            {
                *chosen = s_http11;
                *chosenLength = length;
                return AlpnOk;
            }

            rest = rest[(1 + rest[0])..];
        }

        return AlpnNoAck;
    }
}
