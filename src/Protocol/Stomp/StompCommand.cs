namespace FastPush.Protocol.Stomp;

/// <summary>Commands of STOMP 1.0, 1.1 and 1.2, client's first, then server's.</summary>
public enum StompCommand : byte
{
    Unknown,
    Connect,
    Stomp,
    Send,
    Subscribe,
    Unsubscribe,
    Ack,
    Nack,
    Begin,
    Commit,
    Abort,
    Disconnect,
    Connected,
    Message,
    Receipt,
    Error,
}
