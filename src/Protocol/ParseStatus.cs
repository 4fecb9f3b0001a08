namespace FastPush.Protocol;

/// <summary>What a reader found. Anything but <see cref="Done"/> leaves the caller's bytes to the caller.</summary>
public enum ParseStatus : byte
{
    /// <summary>One whole element was read; its size is in the reader's <c>consumed</c>.</summary>
    Done,

    /// <summary>The bytes so far are a legal beginning; call again with more appended to them.</summary>
    NeedMore,

    /// <summary>No continuation can make this legal.</summary>
    Malformed,

    /// <summary>Legal so far, but over a limit of <see cref="ProtocolLimits"/>; said before the excess is buffered.</summary>
    TooLarge,
}
