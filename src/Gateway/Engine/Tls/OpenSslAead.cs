using System.Runtime.InteropServices;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>The functions of libcrypto that encrypt and decrypt: EVP_EncryptInit(3).</summary>
internal static unsafe partial class OpenSslAead
{
    public const int GetTag = 0x10; // EVP_CTRL_AEAD_GET_TAG
    public const int SetTag = 0x11; // EVP_CTRL_AEAD_SET_TAG

    private const string Crypto = "libcrypto.so.3";

    /// <summary>The cipher of a suite; it lives as long as the process.</summary>
    public static nint Cipher(TlsSuite suite) => suite switch
    {
        TlsSuite.Aes128Gcm => Aes128Gcm(),
        TlsSuite.Aes256Gcm => Aes256Gcm(),
        _ => ChaCha20Poly1305(),
    };

    [LibraryImport(Crypto, EntryPoint = "EVP_CIPHER_CTX_new")]
    public static partial nint New();

    [LibraryImport(Crypto, EntryPoint = "EVP_CIPHER_CTX_free")]
    public static partial void Free(nint context);

    /// <summary><paramref name="cipher"/> 0 = as before; <paramref name="encrypt"/> 1 or 0.</summary>
    [LibraryImport(Crypto, EntryPoint = "EVP_CipherInit_ex")]
    public static partial int Init(nint context, nint cipher, nint engine, byte* key, byte* nonce, int encrypt);

    [LibraryImport(Crypto, EntryPoint = "EVP_CipherUpdate")]
    public static partial int Update(nint context, byte* output, int* written, byte* input, int length);

    [LibraryImport(Crypto, EntryPoint = "EVP_CipherFinal_ex")]
    public static partial int Final(nint context, byte* output, int* written);

    [LibraryImport(Crypto, EntryPoint = "EVP_CIPHER_CTX_ctrl")]
    public static partial int Control(nint context, int command, int argument, byte* pointer);

    [LibraryImport(Crypto, EntryPoint = "EVP_aes_128_gcm")]
    private static partial nint Aes128Gcm();

    [LibraryImport(Crypto, EntryPoint = "EVP_aes_256_gcm")]
    private static partial nint Aes256Gcm();

    [LibraryImport(Crypto, EntryPoint = "EVP_chacha20_poly1305")]
    private static partial nint ChaCha20Poly1305();
}
