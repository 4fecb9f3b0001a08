namespace FastPush.Gateway.Auth;

/// <summary>The one table from an authentication fault to what the client is told.</summary>
internal static class AuthFaults
{
    // The texts never say what would have been right (key ids, issuer, audience): the reader may be a stranger.
    public static string Describe(AuthFault fault) => fault switch
    {
        AuthFault.None => "The token is accepted.",
        AuthFault.Missing => "A bearer token is required.",
        AuthFault.TooLarge => "The token is over the size limit.",
        AuthFault.Malformed => "The token is not a well-formed signed JWT.",
        AuthFault.WrongAlgorithm => "The token's algorithm is not RS256.",
        AuthFault.UnknownKey => "The token's key is not known.",
        AuthFault.BadSignature => "The token's signature does not verify.",
        AuthFault.Expired => "The token has expired.",
        AuthFault.NotYetValid => "The token is not valid yet.",
        AuthFault.WrongIssuer => "The token's issuer is not accepted.",
        AuthFault.WrongAudience => "The token is meant for another audience.",
        AuthFault.BadClaims => "A claim of the token is missing or not of the form required.",
        _ => "The token is refused.",
    };
}
