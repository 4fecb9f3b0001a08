namespace FastPush.Protocol.Stomp;

/// <summary>
/// Where <see cref="FrameReader"/> stopped in a frame of which not all bytes are there yet, so that a byte is searched once
/// however the bytes arrive. <c>default</c> is the start of a frame. All offsets count from the frame's first byte, which is
/// the first byte of the caller's buffer as soon as <see cref="Begun"/>.
/// </summary>
public struct FrameScan
{
    internal int Searched;
    internal int LineStart;
    internal int HeadersStart;
    internal int HeadersEnd;
    internal int BodyStart;
    internal int HeaderCount;
    internal int ContentLength;
    internal bool HasContentLength;
    internal StompCommand Command;

    // One bit for each HeaderName that some line has.
    internal uint Names;

    /// <summary>True once the first byte of a frame (not a line end between frames) was seen.</summary>
    public bool Begun { get; internal set; }

    /// <summary>Size of the whole frame in bytes, known once the head of a SEND with a content-length was read; else 0.</summary>
    public readonly long FrameBytes => BodyStart > 0 && HasContentLength ? (long)BodyStart + ContentLength + 1 : 0;
}
