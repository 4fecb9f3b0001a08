namespace FastPush.Gateway.Auth;

/// <summary>Why a token was refused. <see cref="None"/>: it was not.</summary>
internal enum AuthFault : byte
{
    None,
    Missing,
    TooLarge,
    Malformed,
    WrongAlgorithm,
    UnknownKey,
    BadSignature,
    Expired,
    NotYetValid,
    WrongIssuer,
    WrongAudience,
    BadClaims,
}
