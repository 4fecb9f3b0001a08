using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace FastPush.Gateway.Engine;

/// <summary>The system calls of the engine (Linux, man sections 2). Every descriptor here is non-blocking.</summary>
internal static unsafe partial class Native
{
    public const int EpollIn = 0x001;
    public const int EpollOut = 0x004;
    public const int EpollErr = 0x008;
    public const int EpollHup = 0x010;
    public const int EpollRdHup = 0x2000;

    public const int CtlAdd = 1;
    public const int CtlDel = 2;
    public const int CtlMod = 3;

    public const int MsgPeek = 0x02;

    public const int Eintr = 4;
    public const int Eagain = 11;
    public const int Enfile = 23;
    public const int Emfile = 24;
    public const int Enobufs = 105;
    public const int Enomem = 12;

    public const int ShutWrite = 1;
    public const int ShutBoth = 2;

    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC, SOCK_CLOEXEC, EFD_CLOEXEC are one bit.
    private const int NonBlock = 0x800; // SOCK_NONBLOCK, EFD_NONBLOCK
    private const int DontWaitNoSignal = 0x40 | 0x4000; // MSG_DONTWAIT | MSG_NOSIGNAL
    private const int MadvDontNeed = 4;
    private const int SolSocket = 1;
    private const int SoRcvLowat = 18;
    private const int RlimitNoFile = 7;

    /// <summary>
    /// Why a call has just failed. Read here and not by the marshaller, which would clear and fetch it around each call that succeeds;
    /// what the runtime does between a call's return and this preserves it.
    /// </summary>
    public static int LastError => Marshal.GetLastSystemError();

    /// <summary>The call failed because the process or the system has no descriptor, or no memory for one.</summary>
    public static bool IsOutOfDescriptors(int error) => error is Emfile or Enfile or Enobufs or Enomem;

    /// <summary>Descriptors this process may have open.</summary>
    public static long DescriptorLimit()
    {
        var limit = stackalloc ulong[2]; // The bound in force, and how far it could be raised.
        return GetRLimit(RlimitNoFile, limit) == 0 ? (long)Math.Min(limit[0], long.MaxValue) : long.MaxValue;
    }

    public static int EpollCreate() => Check(EpollCreate1(CloseOnExec));

    public static int EventFd() => Check(EventFd(0, CloseOnExec | NonBlock));

    /// <summary>Registers a descriptor; false when it is no longer open.</summary>
    public static bool EpollCtl(int epoll, int operation, int fd, uint events, ulong data)
    {
        var interest = new EpollEvent { Events = events, Data = data };
        return EpollCtl(epoll, operation, fd, &interest) == 0;
    }

    /// <summary>Waits without end; number of events, or -1 with the error in <see cref="LastError"/>.</summary>
    public static int EpollWait(int epoll, Span<EpollEvent> events)
    {
        fixed (EpollEvent* first = events)
        {
            return EpollWait(epoll, first, events.Length, -1);
        }
    }

    /// <summary>A new connection's descriptor, or -1.</summary>
    public static int Accept(int listener) => Accept4(listener, null, null, CloseOnExec | NonBlock);

    /// <summary>Readable only from so many bytes on, so that epoll does not report again and again what was only peeked at.</summary>
    public static void SetReceiveLowWater(int fd, int bytes) => _ = SetSockOpt(fd, SolSocket, SoRcvLowat, &bytes, sizeof(int));

    /// <summary>Bytes received, 0 at the end, -1 with the error in <see cref="LastError"/>.</summary>
    public static int Receive(int fd, Span<byte> buffer, int flags)
    {
        fixed (byte* first = buffer)
        {
            return (int)Recv(fd, first, (nuint)buffer.Length, flags | DontWaitNoSignal);
        }
    }

    /// <summary>Bytes taken, or -1 with the error in <see cref="LastError"/>.</summary>
    public static int Send(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            return (int)SendTo(fd, first, (nuint)bytes.Length, DontWaitNoSignal);
        }
    }

    /// <summary>The address of this end of a connection; null when it has none any more.</summary>
    public static IPEndPoint? LocalName(int fd) => Name(fd, &GetSockName);

    /// <summary>The address of the other end; null when the connection is gone.</summary>
    public static IPEndPoint? PeerName(int fd) => Name(fd, &GetPeerName);

    private static IPEndPoint? Name(int fd, delegate*<int, byte*, int*, int> ask)
    {
        const int inet = 2; // AF_INET, 16 bytes
        const int inet6 = 10; // AF_INET6, 28 bytes
        var native = stackalloc byte[28];
        var length = 28;
        if (ask(fd, native, &length) != 0 || *(ushort*)native is not (inet or inet6))
        {
            return null;
        }

        var address = new SocketAddress(
            *(ushort*)native == inet ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, length);
        new ReadOnlySpan<byte>(native, length)[sizeof(ushort)..].CopyTo(address.Buffer.Span[sizeof(ushort)..]);
        return (IPEndPoint)new IPEndPoint(IPAddress.Any, 0).Create(address);
    }

    public static void Signal(int eventFd)
    {
        ulong one = 1;
        _ = Write(eventFd, &one, sizeof(ulong)); // It fails only when the counter is full, and then the signal stands already.
    }

    public static void ResetSignal(int eventFd)
    {
        ulong count;
        _ = Read(eventFd, &count, sizeof(ulong));
    }

    /// <summary>
    /// Gives the whole pages of a range of private memory back to the system. They stay mapped and read as zeros when they are next used.
    /// </summary>
    public static void Discard(nint address, nint bytes)
    {
        var page = (nint)Environment.SystemPageSize;
        var first = (address + page - 1) / page * page;
        var behind = (address + bytes) / page * page;
        if (behind > first)
        {
            _ = MAdvise((void*)first, (nuint)(behind - first), MadvDontNeed); // What is not given back is still there: no harm.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetRLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    public static partial int Shutdown(int fd, int how);

    [LibraryImport("libc", EntryPoint = "getsockname")]
    private static partial int GetSockName(int fd, byte* address, int* length);

    [LibraryImport("libc", EntryPoint = "getpeername")]
    private static partial int GetPeerName(int fd, byte* address, int* length);

    private static int Check(int result) => result >= 0
        ? result
        : throw new IOException($"system call failed: errno {LastError}");

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    private static partial int EpollCreate1(int flags);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    private static partial int EpollCtl(int epoll, int operation, int fd, EpollEvent* interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    private static partial int EpollWait(int epoll, EpollEvent* events, int count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "accept4")]
    private static partial int Accept4(int listener, void* address, int* addressLength, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static partial int SetSockOpt(int fd, int level, int option, void* value, int length);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint Recv(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint SendTo(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int fd, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int fd, void* buffer, nuint length);
}
