using System.Net;
using System.Runtime.InteropServices;
using FastPush.Gateway.Engine;

namespace FastPush.Load.Engine;

/// <summary>The system calls of a client that the gateway's engine has no use for (Linux, man section 2).</summary>
internal static unsafe partial class ClientNative
{
    public const int Einprogress = 115;
    public const int Sigterm = 15;

    private const int AfInet = 2;
    private const int SockStreamFlags = 1 | 0x800 | 0x80000; // SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
    private const int SolSocket = 1;
    private const int SoError = 4;
    private const int SoRcvBuf = 8;
    private const int IpProtoIp = 0;
    private const int IpBindAddressNoPort = 24;
    private const int IpProtoTcp = 6;
    private const int TcpNoDelay = 1;
    private const int PrSetTimerSlack = 29;

    /// <summary>A TCP socket (IPv4) that does not block and does not hold small sends back; -1 on failure.</summary>
    public static int OpenSocket()
    {
        var fd = Socket(AfInet, SockStreamFlags, 0);
        if (fd >= 0)
        {
            SetOption(fd, IpProtoTcp, TcpNoDelay, 1);
        }

        return fd;
    }

    /// <summary>Fixes the source address; the port is chosen at connect, so that the same one can serve several targets.</summary>
    public static bool BindSource(int fd, uint hostOrderAddress)
    {
        SetOption(fd, IpProtoIp, IpBindAddressNoPort, 1);
        var address = SocketAddress.Of(hostOrderAddress, 0);
        return Bind(fd, &address, sizeof(SocketAddress)) == 0;
    }

    /// <summary>False with the error in <see cref="Native.LastError"/>; <see cref="Einprogress"/> is the ordinary case.</summary>
    public static bool Connect(int fd, uint hostOrderAddress, ushort port)
    {
        var address = SocketAddress.Of(hostOrderAddress, port);
        return Connect(fd, &address, sizeof(SocketAddress)) == 0;
    }

    /// <summary>The pending error of a socket, 0 when its connect went well.</summary>
    public static int SocketErrorOf(int fd)
    {
        int error = 0, length = sizeof(int);
        _ = GetSockOpt(fd, SolSocket, SoError, &error, &length);
        return error;
    }

    /// <summary>What the kernel takes for a client that does not read. The smallest makes its server notice soonest.</summary>
    public static void SetReceiveBuffer(int fd, int bytes) => SetOption(fd, SolSocket, SoRcvBuf, bytes);

    /// <summary>Waits at most so many nanoseconds; number of events, 0 at the time's end, -1 on failure.</summary>
    public static int Wait(int epoll, Span<EpollEvent> events, long nanoseconds)
    {
        var time = new TimeSpec(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        fixed (EpollEvent* first = events)
        {
            return EpollPwait2(epoll, first, events.Length, &time, null, 8);
        }
    }

    /// <summary>Timers of this thread fire when they are due, not up to 50 µs later.</summary>
    public static void SharpenTimers() => _ = Prctl(PrSetTimerSlack, 1, 0, 0, 0);

    /// <summary>Bytes read from a pipe, 0 at its end, -1 on failure.</summary>
    public static int ReadPipe(int fd, Span<byte> buffer)
    {
        fixed (byte* first = buffer)
        {
            return (int)Read(fd, first, (nuint)buffer.Length);
        }
    }

    /// <summary>Writes all of it to a pipe; false when nobody reads it any more.</summary>
    public static bool WritePipe(int fd, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            fixed (byte* first = bytes)
            {
                var written = (int)Write(fd, first, (nuint)bytes.Length);
                if (written < 0 && Native.LastError != Native.Eintr)
                {
                    return false;
                }

                bytes = bytes[Math.Max(written, 0)..];
            }
        }

        return true;
    }

    /// <summary>CPU time of a process in seconds, of nanosecond resolution; null when there is no such process.</summary>
    public static double? ProcessCpuSeconds(int pid)
    {
        int clock;
        TimeSpec time;
        return ClockGetCpuClockId(pid, &clock) == 0 && ClockGetTime(clock, &time) == 0 ? time.Seconds + (time.Nanoseconds / 1e9) : null;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int pid, int signal);

    private static void SetOption(int fd, int level, int option, int value) => _ = SetSockOpt(fd, level, option, &value, sizeof(int));

    [LibraryImport("libc", EntryPoint = "socket")]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind")]
    private static partial int Bind(int fd, SocketAddress* address, int length);

    [LibraryImport("libc", EntryPoint = "connect")]
    private static partial int Connect(int fd, SocketAddress* address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static partial int SetSockOpt(int fd, int level, int option, void* value, int length);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static partial int GetSockOpt(int fd, int level, int option, void* value, int* length);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2")]
    private static partial int EpollPwait2(int epoll, EpollEvent* events, int count, TimeSpec* timeout, void* mask, nuint maskBytes);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int fd, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int fd, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    private static partial int ClockGetCpuClockId(int pid, int* clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, TimeSpec* time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);

    /// <summary>struct sockaddr_in, with port and address in network order.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SocketAddress
    {
        public ushort Family;
        public ushort Port;
        public uint Address;
        public ulong Zero;

        public static SocketAddress Of(uint hostOrderAddress, ushort port) => new()
        {
            Family = AfInet,
            Port = (ushort)IPAddress.HostToNetworkOrder((short)port),
            Address = (uint)IPAddress.HostToNetworkOrder((int)hostOrderAddress),
        };
    }
}
