namespace FastPush.Relay.Resp;

/// <summary>The first byte of a RESP3 element (redis.io, "Redis serialization protocol specification").</summary>
internal enum RespType : byte
{
    None = 0,
    SimpleString = (byte)'+',
    SimpleError = (byte)'-',
    Integer = (byte)':',
    BulkString = (byte)'$',
    Array = (byte)'*',
    Null = (byte)'_',
    Boolean = (byte)'#',
    Double = (byte)',',
    BigNumber = (byte)'(',
    BulkError = (byte)'!',
    VerbatimString = (byte)'=',
    Map = (byte)'%',
    Set = (byte)'~',
    Push = (byte)'>',

    /// <summary>Pairs in front of an element that a client may ignore.</summary>
    Attribute = (byte)'|',
}
