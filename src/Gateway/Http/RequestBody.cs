using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Http;

/// <summary>
/// A whole request body of bounded size, in memory that its sender answers for while it is read and until the request is over: what is
/// made of the bytes is no larger than they are.
/// </summary>
internal sealed class RequestBody(MemoryShare share) : IDisposable
{
    private const int FirstBytes = 8 << 10;

    private byte[]? _buffer;
    private int _length;
    private long _taken;

    /// <summary>What became of reading a body.</summary>
    public enum Outcome
    {
        Read,
        TooLarge,
        NoRoom,
        Broken,
    }

    /// <summary>The bytes, until <see cref="LetGo"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>
    /// Reads to the end, at most <paramref name="bytesMax"/>. Memory is taken as bytes come, not as they are announced. Ends on a pool
    /// thread: the body's last bytes may have come on a socket thread, which must not be kept from its connections by what the caller does
    /// next.
    /// </summary>
    public async Task<Outcome> ReadAsync(HttpRequest request, int bytesMax)
    {
        if (request.ContentLength > bytesMax)
        {
            return Outcome.TooLarge;
        }

        if (!TryGrow(FirstBytes))
        {
            return Outcome.NoRoom;
        }

        Outcome outcome;
        try
        {
            outcome = await ReadToEndAsync(request, bytesMax);
        }
        catch (Exception e) when (e is BadHttpRequestException or IOException or OperationCanceledException)
        {
            outcome = Outcome.Broken; // The client is gone, too slow, or broke the framing; no fault of ours.
        }

        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return outcome;
    }

    /// <summary>The bytes are not needed any more; their sender goes on answering for what was made of them.</summary>
    public void LetGo()
    {
        if (_buffer is not null)
        {
            BytePool.Return(_buffer);
            _buffer = null;
            _length = 0;
        }
    }

    public void Dispose()
    {
        LetGo();
        share.GiveBack(_taken);
        _taken = 0;
    }

    private async Task<Outcome> ReadToEndAsync(HttpRequest request, int bytesMax)
    {
        int read;
        while ((read = await request.Body.ReadAsync(_buffer.AsMemory(_length), request.HttpContext.RequestAborted)) > 0)
        {
            _length += read;
            if (_length > bytesMax)
            {
                return Outcome.TooLarge;
            }

            if (_length == _buffer!.Length && !TryGrow(Math.Min(_length * 2L, Math.Max(bytesMax + 1L, _length + 1L))))
            {
                return Outcome.NoRoom;
            }
        }

        return Outcome.Read;
    }

    private bool TryGrow(long bytes)
    {
        var size = BytePool.SizeFor((int)bytes);
        if (!share.TryTake(size))
        {
            return false;
        }

        var larger = BytePool.Rent(size);
        Bytes.CopyTo(larger);
        var length = _length;
        LetGo();
        (_buffer, _length) = (larger, length);
        share.GiveBack(_taken);
        _taken = size;
        return true;
    }
}
