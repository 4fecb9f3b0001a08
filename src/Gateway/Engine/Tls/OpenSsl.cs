using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// The functions of OpenSSL 3 that the engine calls, each as its manual page of that name has it. Version 3 keeps its binary interface.
/// </summary>
internal static unsafe partial class OpenSsl
{
    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;

    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";

    /// <summary>Both libraries are there. The runtime must use the same version, so that the process has only one.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux()
        && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3
        && NativeLibrary.TryLoad(Ssl, out _)
        && NativeLibrary.TryLoad(Crypto, out _);

    /// <summary>Throws for a call that must not fail. What OpenSSL queued about it is dropped: it may name what was given.</summary>
    public static nint Check(nint result)
    {
        if (result > 0)
        {
            return result;
        }

        ClearErrors();
        throw new CryptographicException("a call of OpenSSL failed");
    }

    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    [LibraryImport(Crypto, EntryPoint = "d2i_X509")]
    public static partial nint ReadCertificate(nint* reuse, byte** der, nint length);

    [LibraryImport(Crypto, EntryPoint = "X509_free")]
    public static partial void FreeCertificate(nint certificate);

    [LibraryImport(Crypto, EntryPoint = "d2i_AutoPrivateKey")]
    public static partial nint ReadPrivateKey(nint* reuse, byte** der, nint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_free")]
    public static partial void FreePrivateKey(nint key);

    [LibraryImport(Ssl, EntryPoint = "TLS_server_method")]
    public static partial nint ServerMethod();

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_new")]
    public static partial nint NewContext(nint method);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ControlContext(nint context, int command, nint argument, nint pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_num_tickets")]
    public static partial int SetTickets(nint context, nuint count);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_ciphersuites")]
    public static partial int SetSuites(nint context, byte* names);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_use_certificate")]
    public static partial int UseCertificate(nint context, nint certificate);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_use_PrivateKey")]
    public static partial int UsePrivateKey(nint context, nint key);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_check_private_key")]
    public static partial int CheckPrivateKey(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_keylog_callback")]
    public static partial void SetKeyLog(nint context, delegate* unmanaged<nint, byte*, void> callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_alpn_select_cb")]
    public static partial void SetAlpnSelect(
        nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Ssl, EntryPoint = "SSL_new")]
    public static partial nint New(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_free")]
    public static partial void Free(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_fd")]
    public static partial int SetDescriptor(nint ssl, int fd);

    [LibraryImport(Ssl, EntryPoint = "SSL_accept")]
    public static partial int Accept(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_error")]
    public static partial int GetError(nint ssl, int result);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_session")]
    public static partial nint SessionOf(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_SESSION_get_max_fragment_length")]
    public static partial byte MaxFragmentOf(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_current_cipher")]
    public static partial nint CurrentCipher(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_CIPHER_get_protocol_id")]
    public static partial ushort SuiteOf(nint cipher);
}
