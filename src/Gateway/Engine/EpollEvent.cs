using System.Runtime.InteropServices;

namespace FastPush.Gateway.Engine;

/// <summary>
/// struct epoll_event of epoll_wait(2) as x86-64 has it: packed, 12 bytes. Other processors align it to 16, so there the engine is
/// not used (<see cref="EngineTransport.IsSupported"/>).
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EpollEvent
{
    public uint Events;
    public ulong Data;
}
