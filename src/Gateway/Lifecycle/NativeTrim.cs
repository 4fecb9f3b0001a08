using System.Runtime.InteropServices;

namespace FastPush.Gateway.Lifecycle;

/// <summary>
/// Gives free pages of the native heap back to the system, once a storm of TLS handshakes is over: glibc keeps what lies between
/// blocks still in use (malloc_trim(3)).
/// </summary>
internal sealed class NativeTrim
{
    /// <summary>A handshake allocates 15 kB on the managed heap: after about a thousand there is something to trim.</summary>
    public const long WorthwhileBytes = 16 << 20;

    /// <summary>Quiet: of one core, since the last look.</summary>
    public const double QuietCores = 0.05;

    private long _trimmedAtBytes;
    private long _lastMs;
    private TimeSpan _lastCpu;

    /// <summary>
    /// Asked every few seconds, with the monotonic time and what the process has allocated and used of CPU since its start: true when a
    /// storm is over, once.
    /// </summary>
    public bool IsDue(long nowMs, long allocatedBytes, TimeSpan cpu)
    {
        var isQuiet = (cpu - _lastCpu).TotalMilliseconds < QuietCores * (nowMs - _lastMs);
        (_lastMs, _lastCpu) = (nowMs, cpu);
        if (!isQuiet || allocatedBytes - _trimmedAtBytes < WorthwhileBytes)
        {
            return false;
        }

        _trimmedAtBytes = allocatedBytes;
        return true;
    }

    /// <summary>False where the C library has no such call (musl, macOS). Others wait only where they allocate native memory.</summary>
    public static unsafe bool TryRun()
    {
        if (!OperatingSystem.IsLinux()
            || !NativeLibrary.TryLoad("libc.so.6", out var libc)
            || !NativeLibrary.TryGetExport(libc, "malloc_trim", out var trim))
        {
            return false;
        }

        _ = ((delegate* unmanaged<nuint, int>)trim)(0);
        return true;
    }
}
