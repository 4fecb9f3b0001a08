using System.Text;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>Messages without a frame around them. At its end every one must have been released.</summary>
internal sealed class Payloads : IDisposable
{
    private readonly PayloadPool _pool = new(64 << 20);

    public long Outstanding => _pool.Outstanding;

    public Payload Make(long id, int bytes = 10, string? user = null, string queue = "q", long timestampMs = 0, long expiresAtMs = 0)
    {
        var payload = _pool.TryRent(bytes);
        Assert.NotNull(payload);
        Encoding.ASCII.GetBytes("\n\n").CopyTo(payload.Writable);
        payload.Seal(id, timestampMs, bytes, 0, 2, isText: true);
        payload.User = user;
        payload.Queue = user is null ? null : queue;
        payload.ExpiresAtMs = expiresAtMs;
        return payload;
    }

    public void Dispose() => Assert.Equal(0, _pool.Outstanding);
}
