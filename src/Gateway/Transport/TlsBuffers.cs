using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Has OpenSSL give back a connection's two record buffers of about 16 KiB each while nothing is in them: <c>SSL_MODE_RELEASE_BUFFERS</c>
/// of SSL_CTX_set_mode(3). <see cref="SslStream"/> does not set this mode and keeps its handle to itself, so the handle is looked up
/// by name. Where it or OpenSSL 3 is not found the connection works the same and holds more memory.
/// </summary>
internal static partial class TlsBuffers
{
    private const int ControlMode = 33; // SSL_CTRL_MODE
    private const nint ReleaseBuffers = 0x10; // SSL_MODE_RELEASE_BUFFERS

    // The runtime's handle of a connection: SafeSslHandle, an SSL*.
    private static readonly FieldInfo? _handle = FindHandle();

    /// <summary>False where this runtime or its TLS library is another than the one this knows.</summary>
    public static bool IsSupported => _handle is not null;

    /// <summary>For a connection whose TLS handshake is done. Does nothing on one without TLS.</summary>
    public static void ReleaseWhenIdle(ConnectionContext connection)
    {
        if (connection.Features.Get<ISslStreamFeature>() is { } feature)
        {
            TryReleaseWhenIdle(feature.SslStream);
        }
    }

    /// <summary>False when the stream has no handle of OpenSSL: the mode is not set.</summary>
    public static bool TryReleaseWhenIdle(SslStream stream)
    {
        if (_handle?.GetValue(stream) is not SafeHandle handle || handle.GetType().Name != "SafeSslHandle")
        {
            return false;
        }

        var held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return (SslControl(handle.DangerousGetHandle(), ControlMode, ReleaseBuffers, 0) & ReleaseBuffers) != 0;
        }
        catch (ObjectDisposedException)
        {
            return false; // The peer is gone already.
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    private static FieldInfo? FindHandle()
    {
        // The library the runtime has loaded, by its soname; version 3 keeps its binary interface.
        if (!OperatingSystem.IsLinux()
            || SafeEvpPKeyHandle.OpenSslVersion >> 28 != 3
            || !NativeLibrary.TryLoad("libssl.so.3", out var library)
            || !NativeLibrary.TryGetExport(library, "SSL_ctrl", out _))
        {
            return null;
        }

        var field = typeof(SslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);
        return field is not null && typeof(SafeHandle).IsAssignableFrom(field.FieldType) ? field : null;
    }

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_ctrl")]
    private static partial nint SslControl(nint ssl, int command, nint argument, nint pointer);
}
